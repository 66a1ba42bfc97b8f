"""What the ImageNet challenges of 2010 and 2012 have in common: class tables, images, order."""

from __future__ import annotations

import argparse
import gzip
import io
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import h5py
import numpy as np
import numpy.typing as npt
import scipy.io
import scipy.io.matlab

from fuel._files._archive import ArchiveMember, archive_members
from fuel.converters._members import MEMBER_LIMIT, read_member
from fuel.converters._ragged import write_arrays
from fuel.converters.base import progress_bar

__all__ = [
    "CLASSES",
    "Archive",
    "add_shuffle_seed",
    "classes_of",
    "create_sources",
    "image_of",
    "image_rows",
    "is_image",
    "read_ids",
    "read_members",
    "read_synsets",
    "train_images",
    "write_images",
]

Archive = str | os.PathLike[str] | BinaryIO
CLASSES = 1000  # the first rows of the table; those behind are the classes above them
GZIP_MAGIC = b"\x1f\x8b"
# What is named .JPEG need not be one: of 2012, n02105855_2933.JPEG is a PNG.
IMAGE_MAGICS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
NAME_LENGTH = 32
CLASS_LIMIT = 1 << 32
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


def add_shuffle_seed(subparser: argparse.ArgumentParser) -> None:
    """Add the argument about the order of the training images."""
    subparser.add_argument(
        "--shuffle-seed",
        type=int,
        help="determines the order of the training images in the file (default: the configured "
        "default_seed)",
    )


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
        raise ValueError(f"{_label(archive)} lacks {', '.join(lacking)}; fetch it anew")
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
            f"{_label(meta_mat)} has no table of classes, or is damaged: {error}"
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


def create_sources(h5file: h5py.File, images: int, labelled: int) -> None:
    """Make the data sets `encoded_images`, `targets` and `filenames`, with names of their axes."""
    vlen = h5py.vlen_dtype(np.uint8)
    h5file.create_dataset("encoded_images", (images,), vlen).dims[0].label = "batch"
    for name, rows, dtype in (
        ("targets", labelled, "int16"),
        ("filenames", images, f"S{NAME_LENGTH}"),
    ):
        dataset = h5file.create_dataset(name, (rows, 1), dtype)
        for axis, label in enumerate(("batch", "index")):
            dataset.dims[axis].label = label


def write_images(
    h5file: h5py.File, images: Iterable[tuple[int, str, bytes, int | None]], count: int, what: str
) -> None:
    """Write images as they come, which must be as many as `count`.

    Args:
        h5file: as `create_sources` prepared it.
        images: for each its row, file name, content, and class, None if nobody knows it.
        count: how many they are.
        what: what to call them.

    Raises:
        ValueError: if they are more or fewer, or a name is too long.
    """
    encoded_images, filenames, targets = (
        h5file[source] for source in ("encoded_images", "filenames", "targets")
    )
    done = 0
    with progress_bar(what, count) as bar:
        for row, name, content, target in images:
            encoded = name.encode()
            if len(encoded) > NAME_LENGTH:
                raise ValueError(f"the file name {name!r} has more than {NAME_LENGTH} bytes")
            write_arrays(encoded_images, row, [np.frombuffer(content, np.uint8)])
            filenames[row] = encoded
            if target is not None:
                targets[row] = target
            bar.update(done := done + 1)
    if done != count:
        raise ValueError(f"the archive of {what} has {done} images, and should have {count}")


def is_image(name: str) -> bool:
    """Whether a member's name is that of an image."""
    return name.upper().endswith(".JPEG")


def image_rows(archive: Archive) -> dict[str, int]:
    """For the name of each image of an archive its place in their sorted order."""
    names = [member.name for member in archive_members(archive) if is_image(member.name)]
    rows = {name: row for row, name in enumerate(sorted(names))}
    if len(rows) != len(names):
        raise ValueError(f"{_label(archive)} has two images of the same name")
    return rows


def train_images(
    archive: Archive, classes: Mapping[str, int], order: npt.NDArray[np.int64]
) -> Iterator[tuple[int, ArchiveMember, int]]:
    """Row, file and class of each training image of an archive of archives, one a class.

    Args:
        archive: holds `<WordNet id>.tar` for each class.
        classes: for each WordNet id its number.
        order: which row gets the image that comes so manieth, classes as in the archive, images of
            a class sorted by name.

    Raises:
        ValueError: if it is damaged, has an unknown class, or more images than `order` has rows.
    """
    done = 0
    for member in archive_members(archive):
        wnid = member.name.rpartition("/")[2].partition(".")[0]
        if wnid not in classes:
            raise ValueError(f"{member.name} in {_label(archive)} is of no class of the devkit")
        with tempfile.TemporaryFile() as inner:
            _copy(member, inner)
            rows = image_rows(inner)
            if done + len(rows) > len(order):
                raise ValueError(f"{_label(archive)} has more than {len(order)} images")
            for image in archive_members(inner):
                if image.name in rows:
                    yield int(order[done + rows[image.name]]), image, classes[wnid]
            done += len(rows)


def image_of(content: bytes, name: str) -> bytes:
    """The bytes of an image, unpacked where somebody packed it with gzip.

    Raises:
        ValueError: if it begins like no image.
    """
    if content.startswith(GZIP_MAGIC):
        try:
            with gzip.open(io.BytesIO(content)) as unpacked:
                content = unpacked.read(MEMBER_LIMIT)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{name} is damaged: {error}") from error
    if not content.startswith(IMAGE_MAGICS):
        raise ValueError(f"{name} is no image, or a damaged one: it begins {content[:8]!r}")
    return content


def _copy(member: ArchiveMember, output: BinaryIO) -> None:
    if member.size > CLASS_LIMIT:
        raise ValueError(f"{member.name} has {member.size} bytes, too many for one class")
    while piece := member.file.read(1 << 20):
        output.write(piece)


def _label(file: Archive) -> str:
    return os.fspath(file) if isinstance(file, str | os.PathLike) else "the file"
