"""Adult's two text files into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuel.converters._fields import CURE, finite, rows_of_fields
from fuel.converters._output import INDEX_AXES, VECTOR_AXES, write_data_set
from fuel.converters.base import check_exists

__all__ = ["convert_adult", "fill_subparser"]

NAMES = {"train": "adult.data", "test": "adult.test"}
VARIABLES = {  # in the order of the file, and whether it is a number or one of several words
    "age": True,
    "workclass": False,
    "fnlwgt": True,
    "education": False,
    "education-num": True,
    "marital-status": False,
    "occupation": False,
    "relationship": False,
    "race": False,
    "sex": False,
    "capital-gain": True,
    "capital-loss": True,
    "hours-per-week": True,
    "native-country": False,
}
TARGETS = {"<=50K": False, ">50K": True}
MISSING = "?"
PUBLISHED = {"train": 30162, "test": 15060}


@check_exists(required_files=list(NAMES.values()))
def convert_adult(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "adult.hdf5",
) -> tuple[str]:
    """Make one HDF5 file of Adult's two files: splits `train` and `test`.

    Sources are `features`, `(people, 104)` float64 with axes batch, feature, and `targets`,
    `(people, 1)` truth values (whether more than 50,000 dollars a year) with axes batch, index.
    People of whom something is unknown are left out. A variable that is a number is one feature;
    one that is a word is as many as it has words in the two splits together, in alphabetical
    order: 1 for the word it is and 0 for the others. So a feature means the same in both splits.
    What each means is in the attribute `feature_names` of `features`, as JSON.

    Args:
        directory: where `adult.data` and `adult.test` are.
        output_directory: where to write.
        output_filename: the name of the file.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if one of the two is not there.
        ValueError: if one is damaged.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    paths = {split: Path(directory) / name for split, name in NAMES.items()}
    people = {split: _read(path) for split, path in paths.items()}
    words = {
        variable: sorted({word for columns, _ in people.values() for word in columns[variable]})
        for variable, is_number in VARIABLES.items()
        if not is_number
    }
    data: list[tuple[Any, ...]] = []
    for split, (columns, targets) in people.items():
        data.append((split, "features", _features(columns, words, len(targets))))
        data.append((split, "targets", np.array(targets, np.bool_).reshape(-1, 1)))
    return write_data_set(
        Path(output_directory) / output_filename,
        data,
        axes={"features": VECTOR_AXES, "targets": INDEX_AXES},
        inputs=list(paths.values()),
        published=PUBLISHED,
        feature_names=_feature_names(words),
    )


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Describe the command `fuel-convert adult`, which has no arguments of its own."""
    subparser.description = (
        "Make adult.hdf5 of adult.data and adult.test, as fuel-download adult gets them. "
        "People of whom something is unknown are left out."
    )
    return convert_adult


def _read(path: Path) -> tuple[dict[str, list[Any]], list[bool]]:
    """The variables of the people of whom all is known, and whether they earn that much."""
    columns: dict[str, list[Any]] = {variable: [] for variable in VARIABLES}
    targets = []
    for where, (*fields, target) in rows_of_fields(path, len(VARIABLES) + 1, comment="|"):
        if target.removesuffix(".") not in TARGETS:  # in the test file, a full stop follows
            raise ValueError(
                f"{where}: the income {target!r:.40} is not one of {', '.join(TARGETS)}; {CURE}"
            )
        if MISSING in fields:
            continue
        for (variable, is_number), field in zip(VARIABLES.items(), fields, strict=True):
            columns[variable].append(finite(field, where) if is_number else field)
        targets.append(TARGETS[target.removesuffix(".")])
    return columns, targets


def _features(
    columns: Mapping[str, list[Any]], words: Mapping[str, Sequence[str]], people: int
) -> npt.NDArray[np.float64]:
    pieces = []
    for variable, column in columns.items():
        if variable in words:
            places = {word: place for place, word in enumerate(words[variable])}
            piece = np.zeros((people, len(places)))
            piece[np.arange(people), [places[word] for word in column]] = 1
        else:
            piece = np.array(column, np.float64).reshape(people, 1)
        pieces.append(piece)
    return np.concatenate(pieces, axis=1)


def _feature_names(words: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        name
        for variable in VARIABLES
        for name in (
            [f"{variable}={word}" for word in words[variable]] if variable in words else [variable]
        )
    ]
