"""Iris's text file into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fuel.converters._fields import CURE, finite, rows_of_fields
from fuel.converters._output import INDEX_AXES, VECTOR_AXES, write_data_set
from fuel.converters.base import check_exists

__all__ = ["convert_iris", "fill_subparser"]

FILENAME = "iris.data"
CLASSES = {"Iris-setosa": 0, "Iris-versicolor": 1, "Iris-virginica": 2}
FEATURES = ("sepal length", "sepal width", "petal length", "petal width")
PUBLISHED = {"all": 150}


@check_exists(required_files=[FILENAME])
def convert_iris(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "iris.hdf5",
) -> tuple[str]:
    """Make one HDF5 file of `iris.data`: one split, `all`.

    Sources are `features`, `(flowers, 4)` float32 in centimetres with axes batch, feature, and
    `targets`, `(flowers, 1)` bytes from 0 to 2 (setosa, versicolor, virginica) with axes batch,
    index.

    Args:
        directory: where `iris.data` is.
        output_directory: where to write.
        output_filename: the name of the file.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if `iris.data` is not there.
        ValueError: if it is damaged.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    path = Path(directory) / FILENAME
    features, targets = [], []
    for where, fields in rows_of_fields(path, len(FEATURES) + 1, comment="|"):
        if fields[-1] not in CLASSES:
            raise ValueError(
                f"{where}: the class {fields[-1]!r:.40} is not one of {', '.join(CLASSES)}; {CURE}"
            )
        features.append([finite(field, where) for field in fields[:-1]])
        targets.append(CLASSES[fields[-1]])
    data = [
        ("all", "features", np.array(features, np.float32).reshape(-1, len(FEATURES))),
        ("all", "targets", np.array(targets, np.uint8).reshape(-1, 1)),
    ]
    return write_data_set(
        Path(output_directory) / output_filename,
        data,
        axes={"features": VECTOR_AXES, "targets": INDEX_AXES},
        inputs=[path],
        published=PUBLISHED,
        feature_names=FEATURES,
    )


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Describe the command `fuel-convert iris`, which has no arguments of its own."""
    subparser.description = f"Make iris.hdf5 of {FILENAME}, as fuel-download iris gets it."
    return convert_iris
