"""A folder, or an archive, of images of one's own, sorted into classes, into one HDF5 file."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from fuel._files._scratch import scratch_directory
from fuel._optional import optional_module
from fuel.converters._class_folders import ClassFolders, unpacked_folder
from fuel.converters._own_splits import Draw, add_arguments, refuse_two_ways
from fuel.converters._picture_form import COLORS, FITS, PictureForm
from fuel.converters._spool import Spool
from fuel.converters.base import create_hdf5, fill_hdf5_file, progress_bar, record_inputs

__all__ = ["convert_image_folder", "fill_subparser"]

AXES = {"features": ("batch", "channel", "height", "width"), "targets": ("batch", "index")}
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
        ValueError: if the folders are of another form, or a file is no image, or a damaged one;
            if `fit` or `color` is none of these.
        OSError: if the file cannot be written.
    """
    optional_module("PIL.Image", purpose="reading images", extra="images")
    refuse_two_ways(folders=split_folders, fractions=fractions is not None)
    path = Path(directory) / folder
    output = Path(output_directory) / (output_filename or f"{_stem(path)}.hdf5")
    form = PictureForm(size, fit, color)
    with scratch_directory(output.parent, ".fuel-images-") as scratch:
        place = path if path.is_dir() else unpacked_folder(path, scratch / "images")
        found = ClassFolders.of(place, split_folders)
        if fractions is not None:
            found = found.drawn(Draw.of(len(found.images), fractions, seed))
        (scratch / "rows").mkdir()
        _write(output, Spool(scratch / "rows"), found, form, path)
    return (str(output),)


def _write(
    output: Path, spool: Spool, found: ClassFolders, form: PictureForm, origin: Path
) -> None:
    digest = _collect(spool, found, form, origin.name)
    with create_hdf5(output) as h5file:
        fill_hdf5_file(h5file, spool.pieces(), axis_labels=AXES)
        h5file["targets"].attrs["class_names"] = json.dumps(found.classes)
        if origin.is_dir():
            h5file.attrs["input_sha256"] = json.dumps({origin.name: digest})
        else:
            record_inputs(h5file, [origin])


def _collect(spool: Spool, found: ClassFolders, form: PictureForm, name: str) -> str:
    """Read the images, and give the SHA-256 of their names, lengths and bytes."""
    label = np.uint8 if len(found.classes) <= 256 else np.uint16
    digest = hashlib.sha256()
    with progress_bar(name, len(found.images)) as bar:
        for done, image in enumerate(found.images, 1):
            content = (found.path / image.name).read_bytes()
            digest.update(f"{image.name}\0{len(content)}\0".encode(errors="surrogateescape"))
            digest.update(content)
            pixels = form.pixels(content, found.path / image.name)
            spool.add_examples(image.split, "features", [pixels])
            spool.add_examples(image.split, "targets", [np.array([image.target], label)])
            bar.update(done)
    return digest.hexdigest()


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
        choices=FITS,
        default="crop",
        help="how to do so: cut what is over (default), or change the proportions",
    )
    subparser.add_argument(
        "--color",
        choices=COLORS,
        default="RGB",
        help="three channels (default), or one channel of grey",
    )
    subparser.add_argument(
        "--split-folders", action="store_true", help="the folders of classes are in those of splits"
    )
    add_arguments(subparser)
    return convert_image_folder


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write for instance 64x48, or 64")
    return int(found[1]), int(found[2] or found[1])


def _stem(path: Path) -> str:
    return re.sub(r"\.(tar(\.\w+)?|tgz|zip)$", "", path.resolve().name)
