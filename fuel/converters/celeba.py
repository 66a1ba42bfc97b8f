"""CelebA's archive of aligned faces and its table of attributes into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from fuel._files._archive import archive_members
from fuel.converters._axes import name_axes
from fuel.converters._members import channels_first, pillow, read_member, rgb_image
from fuel.converters._row_splits import record_row_splits
from fuel.converters.base import check_exists, create_hdf5, progress_bar, record_inputs

__all__ = [
    "convert_celeba",
    "convert_celeba_64",
    "convert_celeba_aligned_cropped",
    "fill_subparser",
]

IMAGE_FILE = "img_align_celeba.zip"
ATTRIBUTES_FILE = "list_attr_celeba.txt"
DATASET_FILES = (IMAGE_FILE, ATTRIBUTES_FILE)
FORMATS = ("aligned_cropped", "64")

NUM_EXAMPLES = 202599
TRAIN_STOP = 162770
VALID_STOP = 182637

ATTRIBUTES = 40
HEIGHT, WIDTH = 218, 178
SMALL = 64
SMALL_HEIGHT, SMALL_TOP = 78, 7  # 64 wide it would be 78 high; of these, rows 7 to 70 stay

DecodeImage = Callable[[bytes, str], npt.NDArray[np.uint8]]


def convert_celeba(
    which_format: str,
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
) -> tuple[str]:
    """Make one HDF5 file of CelebA: splits `train`, `valid` and `test`.

    Sources are `features`, `(images, 3, height, width)` bytes with axes batch, channel, height,
    width, and `targets`, `(images, 40)` bytes with axes batch, target: 1 for each attribute that
    the face has.

    Args:
        which_format: `"aligned_cropped"` for images of 218 by 178 pixels, as they come; `"64"`
            for 64 by 64: scaled to 78 by 64 by Lanczos' filter, less 7 rows above and below.
        directory: where `img_align_celeba.zip` and `list_attr_celeba.txt` are.
        output_directory: where to write.
        output_filename: `celeba_<which_format>.hdf5` if None.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if one of the two is not there.
        ImportError: if Pillow is not installed.
        ValueError: if `which_format` is another, or an input file is damaged or of another size.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    if which_format not in FORMATS:
        raise ValueError(f"which_format={which_format!r} is not one of {', '.join(FORMATS)}")
    converter = convert_celeba_64 if which_format == "64" else convert_celeba_aligned_cropped
    name = output_filename or f"celeba_{which_format}.hdf5"
    return converter(directory, output_directory, name)


@check_exists(required_files=DATASET_FILES)
def convert_celeba_aligned_cropped(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "celeba_aligned_cropped.hdf5",
) -> tuple[str]:
    """`convert_celeba` in the format `"aligned_cropped"`."""
    return _convert(directory, Path(output_directory) / output_filename, (HEIGHT, WIDTH), _as_it_is)


@check_exists(required_files=DATASET_FILES)
def convert_celeba_64(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "celeba_64.hdf5",
) -> tuple[str]:
    """`convert_celeba` in the format `"64"`."""
    return _convert(directory, Path(output_directory) / output_filename, (SMALL, SMALL), _small)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert celeba`."""
    subparser.description = (
        "Make celeba_aligned_cropped.hdf5 (24 GB) or celeba_64.hdf5 (2.5 GB) of CelebA's files, as "
        "fuel-download celeba gets them."
    )
    subparser.add_argument(
        "which_format",
        choices=FORMATS,
        help="aligned_cropped: 218 by 178 pixels, as they come; 64: scaled and cropped to 64 by 64",
    )
    return convert_celeba


def _convert(
    directory: str | os.PathLike[str], output: Path, shape: tuple[int, int], decode: DecodeImage
) -> tuple[str]:
    pillow()  # if it lacks, say so before the table is read
    inputs = [Path(directory) / name for name in DATASET_FILES]
    images, attributes = inputs
    targets = _read_attributes(attributes)
    with create_hdf5(output) as h5file:
        features = h5file.create_dataset("features", (NUM_EXAMPLES, 3, *shape), "uint8")
        h5file.create_dataset("targets", data=targets)
        _label(h5file)
        with progress_bar("images", NUM_EXAMPLES) as bar:
            for done, (row, content, name) in enumerate(_image_files(images), 1):
                features[row] = decode(content, name)
                bar.update(done)
        record_inputs(h5file, inputs)
    return (str(output),)


def _label(h5file: h5py.File) -> None:
    name_axes(h5file["features"], "batch", "channel", "height", "width")
    name_axes(h5file["targets"], "batch", "target")
    stops = [0, *(min(stop, NUM_EXAMPLES) for stop in (TRAIN_STOP, VALID_STOP)), NUM_EXAMPLES]
    lengths = dict(zip(("train", "valid", "test"), np.diff(stops).tolist(), strict=True))
    record_row_splits(h5file, lengths, ("features", "targets"))


def _read_attributes(path: Path) -> npt.NDArray[np.uint8]:
    """The table behind its two lines of header: 1 where it has 1, 0 where it has -1."""
    targets = np.zeros((NUM_EXAMPLES, ATTRIBUTES), np.uint8)
    rows = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if number <= 2 or not words:
                continue
            name = f"{rows + 1:06d}.jpg".encode()
            if rows == NUM_EXAMPLES:
                raise ValueError(f"{path} has more than the {NUM_EXAMPLES} rows of CelebA")
            if (
                words[0] != name
                or len(words) != 1 + ATTRIBUTES
                or not {b"1", b"-1"} >= set(words[1:])
            ):
                raise ValueError(
                    f"line {number} of {path} is not {name.decode()} with {ATTRIBUTES} values of "
                    "1 or -1; fetch the file anew"
                )
            targets[rows] = [word == b"1" for word in words[1:]]
            rows += 1
    if rows != NUM_EXAMPLES:
        raise ValueError(f"{path} ends after {rows} of {NUM_EXAMPLES} rows; fetch it anew")
    return targets


def _image_files(path: Path) -> Iterator[tuple[int, bytes, str]]:
    """Row, content and name of each image, all rows once, in the order of the archive."""
    rows = {f"{row + 1:06d}.jpg": row for row in range(NUM_EXAMPLES)}
    for member in archive_members(path):
        folder, _, name = member.name.rpartition("/")
        if folder.rpartition("/")[2] == IMAGE_FILE.removesuffix(".zip") and name in rows:
            yield rows.pop(name), read_member(member), f"{member.name} in {path}"
    if rows:
        raise ValueError(
            f"{path} lacks {len(rows)} of {NUM_EXAMPLES} images, among them {min(rows)}; fetch it "
            "anew"
        )


def _as_it_is(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    image = channels_first(rgb_image(content, name))
    if image.shape[1:] != (HEIGHT, WIDTH):
        raise ValueError(
            f"{name} has {image.shape[1]} rows of {image.shape[2]} pixels; those of CelebA have "
            f"{HEIGHT} of {WIDTH}"
        )
    return image


def _small(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    image = rgb_image(content, name).resize((SMALL, SMALL_HEIGHT), pillow().Resampling.LANCZOS)
    return channels_first(image.crop((0, SMALL_TOP, SMALL, SMALL_TOP + SMALL)))
