"""The tables in the development kits of the ImageNet challenges of 2010 and 2012."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.io
import scipy.io.matlab

from fuel._files._archive import Archive, archive_label, archive_members
from fuel.converters._members import read_member

__all__ = ["classes_of", "read_ids", "read_members", "read_synsets", "training_classes"]

CLASSES = 1000  # the first rows of the table; those behind are the classes above them
UNREADABLE = (
    scipy.io.matlab.MatReadError,
    scipy.io.matlab.MatReadWarning,
    AttributeError,
    struct.error,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OSError,
    OverflowError,
    MemoryError,
    EOFError,
    zlib.error,
)
TEXTS = ("WNID", "gloss", "words")


def read_members(archive: Archive, names: Sequence[str]) -> list[bytes]:
    """The contents of some files of an archive.

    Raises:
        ValueError: if one is not there, or the archive is damaged.
    """
    found = {
        member.name: read_member(member)
        for member in archive_members(archive)
        if member.name in names
    }
    if lacking := [name for name in names if name not in found]:
        raise ValueError(f"{archive_label(archive)} lacks {', '.join(lacking)}; fetch it anew")
    return [found[name] for name in names]


def read_synsets(meta_mat: Archive, id_field: str) -> tuple[npt.NDArray[Any], dict[str, Any]]:
    """The table of classes in a `meta.mat`, and all that is in that file.

    Args:
        meta_mat: the file.
        id_field: what the column of the challenge's own class numbers is called.

    Returns:
        The table as a structured array, texts as bytes in UTF-8, `children` padded with -1; and
        the file's variables by name.

    Raises:
        ValueError: if it is damaged or has no such table.
    """
    try:
        variables = scipy.io.loadmat(meta_mat, squeeze_me=True)
        table = np.atleast_1d(variables["synsets"])
        texts = {name: [str(text).encode() for text in table[name]] for name in TEXTS}
        children = [np.atleast_1d(row).astype(np.int16) for row in table["children"]]
        widest = max(1, *map(len, children))
        dtype = [
            (id_field, "i2"),
            ("WNID", f"S{max(map(len, texts['WNID']))}"),
            ("wordnet_height", "i1"),
            ("gloss", f"S{max(1, *map(len, texts['gloss']))}"),
            ("num_children", "i2"),
            ("words", f"S{max(1, *map(len, texts['words']))}"),
            ("children", "i2", (widest,)),
            ("num_train_images", "u2"),
        ]
        synsets = np.zeros(len(table), dtype)
        for name in (id_field, "wordnet_height", "num_children", "num_train_images"):
            synsets[name] = table[name].astype(synsets.dtype[name])
        for name in TEXTS:
            synsets[name] = texts[name]
        for row, numbers in enumerate(children):
            synsets["children"][row] = np.pad(
                numbers, (0, widest - len(numbers)), constant_values=-1
            )
    except UNREADABLE as error:
        raise ValueError(
            f"{archive_label(meta_mat)} has no table of classes, or is damaged: {error}"
        ) from error
    return synsets, variables


def read_ids(content: bytes, label: str) -> npt.NDArray[np.int16]:
    """A text of one class number a line.

    Raises:
        ValueError: if it is something else.
    """
    try:
        return np.array([int(word) for word in content.split()], np.int16)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{label} is no list of class numbers: {error}") from error


def classes_of(ids: npt.NDArray[np.int16], table: npt.NDArray[np.int16]) -> list[int]:
    """For each of a challenge's own class numbers its row in the table of classes.

    Raises:
        ValueError: if one is not in the table.
    """
    rows = {int(number): row for row, number in enumerate(table)}
    if unknown := [int(number) for number in ids if int(number) not in rows]:
        raise ValueError(f"there is no class {unknown[0]} in the development kit")
    return [rows[int(number)] for number in ids]


def training_classes(synsets: npt.NDArray[Any]) -> tuple[int, dict[str, int]]:
    """How many training images a table of classes tells of, and the class of each WordNet id."""
    wnids = [wnid.decode() for wnid in synsets["WNID"][:CLASSES]]
    return int(synsets["num_train_images"].sum()), {wnid: row for row, wnid in enumerate(wnids)}
