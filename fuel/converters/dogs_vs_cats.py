"""The two archives of Dogs vs. Cats into one HDF5 file."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np

from fuel._files._archive import archive_members
from fuel.converters._axes import name_axes
from fuel.converters._members import channels_first, pillow, read_member, rgb_image
from fuel.converters._ragged import RaggedSource
from fuel.converters._row_splits import record_row_splits
from fuel.converters.base import check_exists, create_hdf5, progress_bar, record_inputs

__all__ = ["convert_dogs_vs_cats", "fill_subparser"]

TRAIN = "dogs_vs_cats.train.zip"
TEST = "dogs_vs_cats.test1.zip"
TRAIN_SIZE = 25000
TEST_SIZE = 12500
SHUFFLE_SEED = 123522

TRAIN_NAME = re.compile(r"(cat|dog)\.\d+\.jpg")
TEST_NAME = re.compile(r"(\d+)\.jpg")


@check_exists(required_files=[TRAIN, TEST])
def convert_dogs_vs_cats(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "dogs_vs_cats.hdf5",
) -> tuple[str]:
    """Make one HDF5 file of Dogs vs. Cats: splits `train` and `test`, the latter without targets.

    Sources are `image_features`, ragged `(3, height, width)` bytes with axes channel, height,
    width, and `targets`, `(images, 1)` bytes with axes batch, index: 0 for a cat, 1 for a dog.
    The training images are in an order shuffled once and for all, the test images in that of
    their numbers.

    Args:
        directory: where `dogs_vs_cats.train.zip` and `dogs_vs_cats.test1.zip` are.
        output_directory: where to write.
        output_filename: the file's name.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if one of the two is not there.
        ImportError: if Pillow is not installed.
        ValueError: if one is damaged, or has not as many images as it should.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    pillow()  # if it lacks, say so before the archives are read
    train, test = inputs = [Path(directory) / name for name in (TRAIN, TEST)]
    train_names = _names(train, TRAIN_NAME, TRAIN_SIZE)
    np.random.RandomState(SHUFFLE_SEED).shuffle(train_names)
    test_names = _names(test, TEST_NAME, TEST_SIZE)
    test_names.sort(key=_number)
    total = TRAIN_SIZE + TEST_SIZE
    output = Path(output_directory) / output_filename
    with create_hdf5(output) as h5file:
        axes = ("channel", "height", "width")
        features = RaggedSource(h5file, "image_features", total, "uint8", axes)
        _write_targets(h5file, train_names)
        with progress_bar("images", total) as bar:
            done = 0
            for path, names, start in ((train, train_names, 0), (test, test_names, TRAIN_SIZE)):
                rows = {name: row for row, name in enumerate(names, start)}
                for member in archive_members(path):
                    if member.name in rows:
                        image = rgb_image(read_member(member), f"{member.name} in {path}")
                        features.write(rows[member.name], [channels_first(image)])
                        bar.update(done := done + 1)
        lengths = {"train": TRAIN_SIZE, "test": TEST_SIZE}
        record_row_splits(h5file, lengths, ("image_features", "targets"), unlabelled="test")
        record_inputs(h5file, inputs)
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Describe the command `fuel-convert dogs_vs_cats`, which has no arguments of its own."""
    subparser.description = (
        "Make dogs_vs_cats.hdf5 (20 GB) of the two archives of Dogs vs. Cats, as fuel-download "
        "dogs_vs_cats gets them."
    )
    return convert_dogs_vs_cats


def _names(path: Path, pattern: re.Pattern[str], size: int) -> list[str]:
    """Names of the images in an archive, in its order."""
    names = [
        member.name for member in archive_members(path) if pattern.fullmatch(_base(member.name))
    ]
    if len(names) != size or len(set(names)) != size:
        raise ValueError(
            f"{path} has {len(set(names))} images with names like {pattern.pattern}, and should "
            f"have {size}; fetch it anew"
        )
    return names


def _write_targets(h5file: h5py.File, names: Sequence[str]) -> None:
    is_dog = [[_base(name).startswith("dog")] for name in names]
    targets = h5file.create_dataset("targets", data=np.array(is_dog, np.uint8).reshape(-1, 1))
    name_axes(targets, "batch", "index")


def _number(name: str) -> int:
    return int(_base(name).removesuffix(".jpg"))


def _base(name: str) -> str:
    return name.rpartition("/")[2]
