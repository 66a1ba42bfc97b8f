"""The images of the ImageNet challenges of 2010 and 2012: found, put in order, written."""

from __future__ import annotations

import argparse
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

import h5py
import numpy as np
import numpy.typing as npt

from fuel._files._archive import Archive, ArchiveMember, archive_label, archive_members
from fuel.converters._axes import name_axes
from fuel.converters._members import MEMBER_LIMIT
from fuel.converters._ragged import write_arrays
from fuel.converters.base import progress_bar

__all__ = [
    "add_shuffle_seed",
    "create_sources",
    "image_of",
    "image_rows",
    "is_image",
    "train_images",
    "write_images",
]

GZIP_MAGIC = b"\x1f\x8b"
# What is named .JPEG need not be one: of 2012, n02105855_2933.JPEG is a PNG.
IMAGE_MAGICS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
NAME_LENGTH = 32
CLASS_LIMIT = 1 << 32


def add_shuffle_seed(subparser: argparse.ArgumentParser) -> None:
    """Add the argument about the order of the training images."""
    subparser.add_argument(
        "--shuffle-seed",
        type=int,
        help="determines the order of the training images in the file (default: the configured "
        "default_seed)",
    )


def create_sources(h5file: h5py.File, images: int, labelled: int) -> None:
    """Make the data sets `encoded_images`, `targets` and `filenames`, with names of their axes."""
    vlen = h5py.vlen_dtype(np.uint8)
    name_axes(h5file.create_dataset("encoded_images", (images,), vlen), "batch")
    for name, rows, dtype in (
        ("targets", labelled, "int16"),
        ("filenames", images, f"S{NAME_LENGTH}"),
    ):
        name_axes(h5file.create_dataset(name, (rows, 1), dtype), "batch", "index")


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
        raise ValueError(f"{archive_label(archive)} has two images of the same name")
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
            raise ValueError(
                f"{member.name} in {archive_label(archive)} is of no class of the devkit"
            )
        with tempfile.TemporaryFile() as inner:
            _copy(member, inner)
            rows = image_rows(inner)
            if done + len(rows) > len(order):
                raise ValueError(f"{archive_label(archive)} has more than {len(order)} images")
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
