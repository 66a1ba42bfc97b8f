"""Writing the HDF5 file of a built-in data set: whole or not at all, labelled, with provenance."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fuel.converters.base import create_hdf5, fill_hdf5_file, record_inputs

__all__ = ["IMAGE_AXES", "INDEX_AXES", "VECTOR_AXES", "write_data_set"]

logger = logging.getLogger(__name__)

IMAGE_AXES = ("batch", "channel", "height", "width")
INDEX_AXES = ("batch", "index")
VECTOR_AXES = ("batch", "feature")


def write_data_set(
    output: str | os.PathLike[str],
    data: Sequence[tuple[Any, ...]],
    *,
    axes: Mapping[str, Sequence[str]],
    inputs: Sequence[Path],
    published: Mapping[str, int],
    feature_names: Sequence[str] = (),
) -> tuple[str]:
    """Write the arrays of a data set to an HDF5 file, which appears when it is whole.

    Args:
        output: the file.
        data: as for `fill_hdf5_file`.
        axes: for each source the names of its axes.
        inputs: the files that it was made of, whose SHA-256 are recorded.
        published: how many examples each split of the published data set has; another number is
            a warning in the log.
        feature_names: what the features mean, as JSON in an attribute of `features`.

    Returns:
        The path.

    Raises:
        ValueError: as `fill_hdf5_file`.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    path = Path(output)
    lengths = {split: len(array) for split, _, array, *_ in data}
    for split, length in lengths.items():
        if length != published[split]:
            logger.warning(
                "%s: split %s has %d examples, and %d in the data set as it was published",
                path.name,
                split,
                length,
                published[split],
            )
    with create_hdf5(path) as h5file:
        fill_hdf5_file(h5file, data, axis_labels=axes)
        if feature_names:
            h5file["features"].attrs["feature_names"] = json.dumps(list(feature_names))
        record_inputs(h5file, list(inputs))
    return (str(path),)
