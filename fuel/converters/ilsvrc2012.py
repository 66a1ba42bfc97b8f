"""The images of the ImageNet challenge of 2012 into one HDF5 file."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fuel._files._archive import Archive
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
    image_rows,
)
from fuel.converters._row_splits import record_row_splits
from fuel.converters.base import check_exists, create_hdf5, record_inputs
from fuel.converters.ilsvrc2010 import process_other_set, process_train_set

__all__ = [
    "convert_ilsvrc2012",
    "fill_subparser",
    "prepare_hdf5_file",
    "prepare_metadata",
    "read_devkit",
    "read_metadata_mat_file",
]

logger = logging.getLogger(__name__)

DEVKIT_ARCHIVE = "ILSVRC2012_devkit_t12.tar.gz"
DEVKIT_META_PATH = "ILSVRC2012_devkit_t12/data/meta.mat"
DEVKIT_VALID_GROUNDTRUTH_PATH = "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"
TRAIN_IMAGES_TAR = "ILSVRC2012_img_train.tar"
VALID_IMAGES_TAR = "ILSVRC2012_img_val.tar"
TEST_IMAGES_TAR = "ILSVRC2012_img_test.tar"
IMAGE_TARS = (TRAIN_IMAGES_TAR, VALID_IMAGES_TAR, TEST_IMAGES_TAR)
ALL_FILES = (DEVKIT_ARCHIVE, *IMAGE_TARS)


@check_exists(required_files=ALL_FILES)
def convert_ilsvrc2012(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "ilsvrc2012.hdf5",
    shuffle_seed: int | None = None,
) -> tuple[str]:
    """Make one HDF5 file of the challenge of 2012: splits `train`, `valid` and `test`.

    Sources are those of `convert_ilsvrc2010`; the split `test` has no targets, for they were
    never published.

    Args:
        directory: where the four files are.
        output_directory: where to write.
        output_filename: the file's name.
        shuffle_seed: determines the order of the training images; the configured `default_seed`
            if None. The others are in the order of their file names.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if some of the four are not there.
        ValueError: if one is damaged, or they do not belong together.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    inputs = {name: Path(directory) / name for name in ALL_FILES}
    test = inputs[TEST_IMAGES_TAR]
    seed = config.default_seed if shuffle_seed is None else shuffle_seed
    n_train, valid, n_test, wnid_map = prepare_metadata(inputs[DEVKIT_ARCHIVE], test)
    output = Path(output_directory) / output_filename
    with create_hdf5(output) as h5file:
        prepare_hdf5_file(h5file, n_train, len(valid), n_test)
        process_train_set(h5file, inputs[TRAIN_IMAGES_TAR], None, n_train, wnid_map, seed)
        process_other_set(h5file, "valid", inputs[VALID_IMAGES_TAR], None, valid, n_train)
        process_other_set(h5file, "test", test, None, [None] * n_test, n_train + len(valid))
        logger.info("taking the checksums of the input files")
        record_inputs(h5file, list(inputs.values()))
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert ilsvrc2012`."""
    subparser.description = (
        "Make ilsvrc2012.hdf5 (160 GB) of the four files of the ImageNet challenge of 2012."
    )
    add_shuffle_seed(subparser)
    return convert_ilsvrc2012


def prepare_metadata(
    devkit_archive: Archive, test_images_tar: Archive = TEST_IMAGES_TAR
) -> tuple[int, list[int], int, dict[str, int]]:
    """What the development kit says, and how many test images there are.

    Args:
        devkit_archive: the development kit.
        test_images_tar: the archive of test images.

    Returns:
        The number of training images; the class of each validation image, from 0; the number of
        test images; and the class of each WordNet id.

    Raises:
        ValueError: if one is damaged.
    """
    synsets, raw_valid = read_devkit(devkit_archive)
    valid = classes_of(raw_valid, synsets["ILSVRC2012_ID"])
    n_train, wnid_map = training_classes(synsets)
    n_test = len(image_rows(test_images_tar))
    logger.info("%d images to train, %d to validate, %d to test", n_train, len(valid), n_test)
    return n_train, valid, n_test, wnid_map


def prepare_hdf5_file(hdf5_file: h5py.File, n_train: int, n_valid: int, n_test: int) -> None:
    """Make the empty sources and the splits of a file, for so many images."""
    lengths = {"train": n_train, "valid": n_valid, "test": n_test}
    sources = ("encoded_images", "filenames", "targets")
    record_row_splits(hdf5_file, lengths, sources, unlabelled="test")
    create_sources(hdf5_file, n_train + n_valid + n_test, n_train + n_valid)


def read_devkit(f: Archive) -> tuple[npt.NDArray[Any], npt.NDArray[np.int16]]:
    """The tables of the development kit.

    Args:
        f: its archive.

    Returns:
        The classes, as of `read_metadata_mat_file`, and the class of each validation image, by
        its `ILSVRC2012_ID`.

    Raises:
        ValueError: if it is damaged.
    """
    meta, groundtruth = read_members(f, (DEVKIT_META_PATH, DEVKIT_VALID_GROUNDTRUTH_PATH))
    synsets = read_metadata_mat_file(BytesIO(meta))
    return synsets, read_ids(groundtruth, DEVKIT_VALID_GROUNDTRUTH_PATH)


def read_metadata_mat_file(meta_mat: Archive) -> npt.NDArray[Any]:
    """The table of classes in `meta.mat`.

    Returns:
        A structured array with a row for each class, and for each class above these:
        `ILSVRC2012_ID`, `WNID`, `wordnet_height`, `gloss`, `num_children`, `words`, `children`
        (their `ILSVRC2012_ID`, padded with -1), `num_train_images`.

    Raises:
        ValueError: if the file is damaged.
    """
    return read_synsets(meta_mat, "ILSVRC2012_ID")[0]
