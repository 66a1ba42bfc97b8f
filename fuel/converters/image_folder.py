"""A folder, or an archive, of images of one's own, sorted into classes, into one HDF5 file."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import io
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fuel._archive import extract_archive
from fuel._optional import optional_module
from fuel._scratch import scratch_directory
from fuel.converters import _own_splits
from fuel.converters._spool import Spool
from fuel.converters.base import create_hdf5, fill_hdf5_file, progress_bar, record_inputs

__all__ = ["convert_image_folder", "fill_subparser"]

NOT_DATA = ("thumbs.db", "desktop.ini")
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError)
DESCRIPTION = """\
Make one HDF5 file of a folder, or of a tar or zip archive, that has a folder for each class:

    photos/cat/1.jpg  photos/cat/2.jpg  photos/dog/1.png
    fuel-convert image_folder photos --size 64x64 --fractions train=0.9,test=0.1

or, with --split-folders, a folder for each split with folders for classes in it:

    photos/train/cat/1.jpg  photos/test/cat/2.jpg
    fuel-convert image_folder photos --split-folders

The sources are `features` (batch, channel, height, width; bytes) and `targets` (batch, index),
the number of the class in alphabetical order; the names of the classes are in the file. Without
--size, images that differ in size become a ragged source.
"""


def convert_image_folder(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
    *,
    folder: str,
    size: tuple[int, int] | None = None,
    fit: str = "crop",
    color: str = "RGB",
    split_folders: bool = False,
    fractions: Mapping[str, float] | None = None,
    seed: int | None = None,
) -> tuple[str]:
    """Make one HDF5 file of images in folders named after their classes.

    One image is in memory at a time. As the file's origin, the SHA-256 of the archive is recorded,
    or that of names, lengths and bytes of all images in alphabetical order.

    Args:
        directory: what `folder` is relative to.
        output_directory: where to write.
        output_filename: `<name of the folder>.hdf5` if None.
        folder: the folder, or a tar or zip archive with the same inside.
        size: height and width to bring all images to; None to leave them as they are.
        fit: `crop` to fill the size, keeping the proportions, and cut what is over; `stretch`
            to change the proportions.
        color: `RGB` for three channels, `L` for one.
        split_folders: whether the folders of the classes are in folders of splits.
        fractions: splits and their parts; None for one split, `train`.
        seed: of the draw of the splits.

    Returns:
        The path of the file written.

    Raises:
        FileNotFoundError: if there is no such folder.
        ImportError: if Pillow is not installed.
        ValueError: if the folders are of another form, or a file is no image, or a damaged one.
        OSError: if the file cannot be written.
    """
    optional_module("PIL.Image", purpose="reading images", extra="images")
    if split_folders and fractions is not None:
        raise ValueError("the splits are given by folders or by fractions, not by both")
    path = Path(directory) / folder
    output = Path(output_directory) / (output_filename or f"{_stem(path)}.hdf5")
    with scratch_directory(output.parent, ".fuel-images-") as scratch:
        name, archive = path.name, path if path.is_file() else None
        if archive is not None:
            extract_archive(archive, scratch / "images")
            path = _only_folder(scratch / "images")
        examples, classes = _examples(path, split_folders)
        if fractions is not None:
            names = tuple(fractions)
            drawn = _own_splits.assigned(len(examples), fractions, seed)
            examples = [(names[n], *rest) for n, (_, *rest) in zip(drawn, examples, strict=True)]
        (scratch / "rows").mkdir()
        spool = Spool(scratch / "rows")
        label = np.uint8 if len(classes) <= 256 else np.uint16
        digest = hashlib.sha256()
        with progress_bar(name, len(examples)) as bar:
            for done, (split, target, image) in enumerate(examples, 1):
                content = (path / image).read_bytes()
                digest.update(f"{image}\0{len(content)}\0".encode(errors="surrogateescape"))
                digest.update(content)
                pixels = _pixels(path / image, content, size, fit, color)
                spool.add_examples(split, "features", [pixels])
                spool.add_examples(split, "targets", [np.array([target], label)])
                bar.update(done)
        with create_hdf5(output) as h5file:
            axes = {
                "features": ("batch", "channel", "height", "width"),
                "targets": ("batch", "index"),
            }
            fill_hdf5_file(h5file, spool.pieces(), axis_labels=axes)
            h5file["targets"].attrs["class_names"] = json.dumps(classes)
            if archive is not None:
                record_inputs(h5file, [archive])
            else:
                h5file.attrs["input_sha256"] = json.dumps({name: digest.hexdigest()})
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert image_folder`."""
    subparser.description = DESCRIPTION
    subparser.formatter_class = argparse.RawDescriptionHelpFormatter
    subparser.add_argument(
        "folder", help="the folder or archive, relative to --directory", metavar="FOLDER"
    )
    subparser.add_argument(
        "--size", type=_size, metavar="HEIGHTxWIDTH", help="bring all images to this size"
    )
    subparser.add_argument(
        "--fit",
        choices=("crop", "stretch"),
        default="crop",
        help="how to do so: cut what is over (default), or change the proportions",
    )
    subparser.add_argument(
        "--color",
        choices=("RGB", "L"),
        default="RGB",
        help="three channels (default), or one channel of grey",
    )
    subparser.add_argument(
        "--split-folders", action="store_true", help="the folders of classes are in those of splits"
    )
    _own_splits.add_arguments(subparser)
    return convert_image_folder


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write for instance 64x48, or 64")
    return int(found[1]), int(found[2] or found[1])


def _stem(path: Path) -> str:
    return re.sub(r"\.(tar(\.\w+)?|tgz|zip)$", "", path.resolve().name)


def _only_folder(path: Path) -> Path:
    """Archives often hold one folder, in which all the rest is."""
    inside = _entries(path)
    while len(inside) == 1 and inside[0].is_dir() and any(p.is_dir() for p in _entries(inside[0])):
        path, inside = inside[0], _entries(inside[0])
    return path


def _entries(path: Path) -> list[Path]:
    """What is in a folder, in alphabetical order, without what systems put there by themselves."""
    return sorted(
        entry
        for entry in path.iterdir()
        if not entry.name.startswith((".", "__MACOSX")) and entry.name.lower() not in NOT_DATA
    )


def _folders(path: Path) -> list[Path]:
    entries = _entries(path)
    if files := [entry for entry in entries if not entry.is_dir()]:
        raise ValueError(
            f"{files[0]} is a file where only folders are expected, for classes or splits; move it"
        )
    if not entries:
        raise ValueError(f"there is nothing in {path}; it needs a folder for each class")
    return entries


def _examples(path: Path, split_folders: bool) -> tuple[list[tuple[str, int, str]], list[str]]:
    """Triples of split, class and path of an image, and the names of the classes."""
    if not path.is_dir():
        raise FileNotFoundError(f"there is no folder or archive {path}")
    places = _folders(path) if split_folders else [path]
    by_split = {place.name if split_folders else _own_splits.ONE_SPLIT: place for place in places}
    classes = sorted({folder.name for place in places for folder in _folders(place)})
    examples = []
    for split, place in by_split.items():
        for folder in _folders(place):
            images = _entries(folder)
            if inner := [image for image in images if image.is_dir()]:
                raise ValueError(
                    f"{inner[0]} is a folder where only images are expected; if the first folders "
                    "are those of splits, say --split-folders"
                )
            number = classes.index(folder.name)
            examples += [(split, number, str(image.relative_to(path))) for image in images]
    if not examples:
        raise ValueError(f"there is no image in the folders of {path}")
    return examples, classes


def _pixels(
    path: Path, content: bytes, size: tuple[int, int] | None, fit: str, color: str
) -> np.ndarray:
    """An image, upright, as `(channel, height, width)` bytes."""
    images: Any = importlib.import_module("PIL.Image")
    operations: Any = importlib.import_module("PIL.ImageOps")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged remarks by cameras, say
            warnings.simplefilter("error", images.DecompressionBombWarning)
            with images.open(io.BytesIO(content)) as image:
                upright = operations.exif_transpose(image).convert(color)
    except (*UNREADABLE, images.DecompressionBombError, Warning) as error:
        reason = "of no kind that is known" if "cannot identify" in str(error) else error
        raise ValueError(
            f"{path} is no image, or a damaged one: {reason}; repair it or move it elsewhere"
        ) from error
    if size is not None:
        smooth = images.Resampling.LANCZOS
        width_first = size[::-1]
        if fit == "crop":
            upright = operations.fit(upright, width_first, smooth)
        else:
            upright = upright.resize(width_first, smooth)
    pixels = np.asarray(upright)
    return (
        pixels[np.newaxis] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
    )
