"""The images of the ImageNet challenge of 2010 into one HDF5 file."""

from __future__ import annotations

import argparse
import logging
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
import numpy.typing as npt

from fuel._files._archive import Archive, archive_members
from fuel.config_parser import config
from fuel.converters._ilsvrc_devkit import (
    classes_of,
    read_ids,
    read_members,
    read_synsets,
    training_classes,
)
from fuel.converters._ilsvrc_images import (
    add_shuffle_seed,
    create_sources,
    image_of,
    image_rows,
    is_image,
    train_images,
    write_images,
)
from fuel.converters._members import MEMBER_LIMIT, read_member
from fuel.converters._row_splits import record_row_splits
from fuel.converters.base import check_exists, create_hdf5, record_inputs

__all__ = [
    "convert_ilsvrc2010",
    "extract_patch_images",
    "fill_subparser",
    "load_from_tar_or_patch",
    "prepare_hdf5_file",
    "prepare_metadata",
    "process_other_set",
    "process_train_set",
    "read_devkit",
    "read_metadata_mat_file",
]

logger = logging.getLogger(__name__)

DEVKIT_ARCHIVE = "ILSVRC2010_devkit-1.0.tar.gz"
DEVKIT_META_PATH = "devkit-1.0/data/meta.mat"
DEVKIT_VALID_GROUNDTRUTH_PATH = "devkit-1.0/data/ILSVRC2010_validation_ground_truth.txt"
PATCH_IMAGES_TAR = "patch_images.tar"
TEST_GROUNDTRUTH = "ILSVRC2010_test_ground_truth.txt"
TRAIN_IMAGES_TAR = "ILSVRC2010_images_train.tar"
VALID_IMAGES_TAR = "ILSVRC2010_images_val.tar"
TEST_IMAGES_TAR = "ILSVRC2010_images_test.tar"
IMAGE_TARS = (TRAIN_IMAGES_TAR, VALID_IMAGES_TAR, TEST_IMAGES_TAR, PATCH_IMAGES_TAR)
PUBLIC_FILES = (TEST_GROUNDTRUTH, DEVKIT_ARCHIVE)
ALL_FILES = PUBLIC_FILES + IMAGE_TARS
SOURCES = ("encoded_images", "targets", "filenames")
PATCH_FOLDERS = {"train": "train", "valid": "val", "test": "test"}


@check_exists(required_files=ALL_FILES)
def convert_ilsvrc2010(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "ilsvrc2010.hdf5",
    shuffle_seed: int | None = None,
) -> tuple[str]:
    """Make one HDF5 file of the challenge of 2010: splits `train`, `valid` and `test`.

    Sources are `encoded_images`, for each image the bytes of its JPEG file; `targets`,
    `(images, 1)` 16-bit classes from 0 to 999 in the order of the development kit; and
    `filenames`, `(images, 1)` of up to 32 bytes. Images that the challenge replaced later are
    taken from `patch_images.tar`.

    Args:
        directory: where the six files are.
        output_directory: where to write.
        output_filename: the file's name.
        shuffle_seed: determines the order of the training images; the configured `default_seed`
            if None. The others are in the order of their file names.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if some of the six are not there.
        ValueError: if one is damaged, or they do not belong together.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    inputs = {name: Path(directory) / name for name in ALL_FILES}
    patch = inputs[PATCH_IMAGES_TAR]
    seed = config.default_seed if shuffle_seed is None else shuffle_seed
    n_train, valid, test, wnid_map = prepare_metadata(
        inputs[DEVKIT_ARCHIVE], inputs[TEST_GROUNDTRUTH]
    )
    output = Path(output_directory) / output_filename
    with create_hdf5(output) as h5file:
        prepare_hdf5_file(h5file, n_train, len(valid), len(test))
        process_train_set(h5file, inputs[TRAIN_IMAGES_TAR], patch, n_train, wnid_map, seed)
        process_other_set(h5file, "valid", inputs[VALID_IMAGES_TAR], patch, valid, n_train)
        start = n_train + len(valid)
        process_other_set(h5file, "test", inputs[TEST_IMAGES_TAR], patch, test, start)
        logger.info("taking the checksums of the input files")
        record_inputs(h5file, list(inputs.values()))
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert ilsvrc2010`."""
    subparser.description = (
        "Make ilsvrc2010.hdf5 (150 GB) of the six files of the ImageNet challenge of 2010."
    )
    add_shuffle_seed(subparser)
    return convert_ilsvrc2010


def prepare_metadata(
    devkit_archive: Archive, test_groundtruth_path: str | os.PathLike[str] | BinaryIO
) -> tuple[int, list[int], list[int], dict[str, int]]:
    """What the files without images say.

    Args:
        devkit_archive: the development kit.
        test_groundtruth_path: a text with the class of each test image.

    Returns:
        The number of training images; classes of the validation and of the test images, from 0;
        and the class of each WordNet id.

    Raises:
        ValueError: if one is damaged, or has a class that the development kit does not have.
    """
    synsets, _, raw_valid = read_devkit(devkit_archive)
    if isinstance(test_groundtruth_path, str | os.PathLike):
        content = Path(test_groundtruth_path).read_bytes()
    else:
        content = test_groundtruth_path.read()
    raw_test = read_ids(content, TEST_GROUNDTRUTH)
    valid, test = (classes_of(ids, synsets["ILSVRC2010_ID"]) for ids in (raw_valid, raw_test))
    n_train, wnid_map = training_classes(synsets)
    logger.info("%d images to train, %d to validate, %d to test", n_train, len(valid), len(test))
    return n_train, valid, test, wnid_map


def prepare_hdf5_file(hdf5_file: h5py.File, n_train: int, n_valid: int, n_test: int) -> None:
    """Make the empty sources and the splits of a file, for so many images."""
    record_row_splits(hdf5_file, {"train": n_train, "valid": n_valid, "test": n_test}, SOURCES)
    total = n_train + n_valid + n_test
    create_sources(hdf5_file, total, total)


def process_train_set(
    hdf5_file: h5py.File,
    train_archive: Archive,
    patch_archive: Archive | None,
    n_train: int,
    wnid_map: Mapping[str, int],
    shuffle_seed: int | None = None,
) -> None:
    """Write the training images into the first rows of a prepared file.

    Args:
        hdf5_file: as `prepare_hdf5_file` left it.
        train_archive: holds an archive of images for each class, named by its WordNet id.
        patch_archive: images to take instead; None if there are none.
        n_train: how many images there are.
        wnid_map: the class of each WordNet id.
        shuffle_seed: of the order of the images; None for that of the archive.

    Raises:
        ValueError: if an archive is damaged, or has not as many images as it should.
    """
    patches = _Patches(patch_archive, "train")
    order = np.arange(n_train)
    if shuffle_seed is not None:
        order = np.random.RandomState(shuffle_seed).permutation(n_train)

    def images() -> Iterator[tuple[int, str, bytes, int | None]]:
        for row, member, target in train_images(train_archive, wnid_map, order):
            name = _base(member.name)
            yield row, name, patches.pop(name) or image_of(read_member(member), name), target

    write_images(hdf5_file, images(), n_train, "training images")
    patches.check_empty()


def process_other_set(
    hdf5_file: h5py.File,
    which_set: str,
    image_archive: Archive,
    patch_archive: Archive | None,
    groundtruth: Sequence[int | None],
    offset: int,
) -> None:
    """Write the validation or test images into rows of a prepared file, sorted by name.

    Args:
        hdf5_file: as `prepare_hdf5_file` left it.
        which_set: `"valid"` or `"test"`.
        image_archive: holds the images.
        patch_archive: images to take instead; None if there are none.
        groundtruth: the class of each image, sorted by name; None where nobody knows it.
        offset: the first row.

    Raises:
        ValueError: if an archive is damaged, or has not as many images as `groundtruth`.
    """
    patches = _Patches(patch_archive, which_set)
    rows = image_rows(image_archive)
    if len(rows) != len(groundtruth):
        raise ValueError(
            f"the archive of {which_set} images has {len(rows)} images, and should have "
            f"{len(groundtruth)}"
        )

    def images() -> Iterator[tuple[int, str, bytes, int | None]]:
        for member in archive_members(image_archive):
            if member.name in rows:
                name, row = _base(member.name), rows[member.name]
                content = patches.pop(name) or image_of(read_member(member), name)
                yield offset + row, name, content, groundtruth[row]

    write_images(hdf5_file, images(), len(groundtruth), f"{which_set} images")
    patches.check_empty()


def extract_patch_images(f: Archive, which_set: str) -> dict[str, bytes]:
    """The images that replace others of a split, by file name.

    Args:
        f: the archive of such images.
        which_set: `"train"`, `"valid"` or `"test"`.

    Raises:
        ValueError: if `which_set` is another, or the archive is damaged.
    """
    if which_set not in PATCH_FOLDERS:
        raise ValueError(f"which_set={which_set!r} is not one of {', '.join(PATCH_FOLDERS)}")
    return {
        _base(member.name): read_member(member)
        for member in archive_members(f)
        if is_image(member.name) and member.name.split("/")[-2:-1] == [PATCH_FOLDERS[which_set]]
    }


def load_from_tar_or_patch(
    tar: tarfile.TarFile, image_filename: str, patch_images: Mapping[str, bytes]
) -> tuple[bytes, bool]:
    """An image of an archive, or what replaces it; and whether it was replaced.

    Args:
        tar: the open archive.
        image_filename: the image's path in it.
        patch_images: images to take instead, by file name without path.

    Raises:
        KeyError: if the archive does not have it.
        ValueError: if it is damaged or too large.
    """
    name = _base(image_filename)
    if name in patch_images:
        return patch_images[name], True
    content = tar.extractfile(image_filename)
    if content is None or tar.getmember(image_filename).size > MEMBER_LIMIT:
        raise ValueError(f"{image_filename} in the archive is no file, or no image for its size")
    with content:
        return image_of(content.read(), name), False


def read_devkit(
    f: Archive,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8], npt.NDArray[np.int16]]:
    """The tables of the development kit.

    Args:
        f: its archive.

    Returns:
        The classes and the costs, as of `read_metadata_mat_file`, and the class of each
        validation image, by its `ILSVRC2010_ID`.

    Raises:
        ValueError: if it is damaged.
    """
    meta, groundtruth = read_members(f, (DEVKIT_META_PATH, DEVKIT_VALID_GROUNDTRUTH_PATH))
    synsets, costs = read_metadata_mat_file(BytesIO(meta))
    return synsets, costs, read_ids(groundtruth, DEVKIT_VALID_GROUNDTRUTH_PATH)


def read_metadata_mat_file(
    meta_mat: Archive,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
    """The table of classes in `meta.mat`, and what it costs to take one for another.

    Returns:
        A structured array with a row for each class, and for each class above these:
        `ILSVRC2010_ID`, `WNID`, `wordnet_height`, `gloss`, `num_children`, `words`, `children`
        (their `ILSVRC2010_ID`, padded with -1), `num_train_images`; and `(classes, classes)`
        bytes, the height in the hierarchy at which two classes meet.

    Raises:
        ValueError: if the file is damaged.
    """
    synsets, variables = read_synsets(meta_mat, "ILSVRC2010_ID")
    if "cost_matrix" not in variables:
        raise ValueError("meta.mat of the development kit has no cost_matrix")
    return synsets, variables["cost_matrix"]


class _Patches:
    """The images that replace others, each to be used once."""

    def __init__(self, archive: Archive | None, which_set: str) -> None:
        self._left = {} if archive is None else extract_patch_images(archive, which_set)

    def pop(self, name: str) -> bytes | None:
        """The image that replaces `name`, if there is one."""
        return self._left.pop(name, None)

    def check_empty(self) -> None:
        """Refuse images that replace nothing."""
        if self._left:
            raise ValueError(
                f"{len(self._left)} of the images in {PATCH_IMAGES_TAR} replace none, among them "
                f"{min(self._left)}; the archives do not belong together"
            )


def _base(name: str) -> str:
    return name.rpartition("/")[2]
