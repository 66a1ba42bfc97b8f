"""A folder, or an archive, of images of one's own, sorted into classes, into one HDF5 file."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import h5py

from fuel._files._scratch import scratch_directory
from fuel._optional import optional_module
from fuel.converters._class_folders import ClassFolders, unpacked_folder
from fuel.converters._image_rows import FILES, PIXELS, TARGETS, ImageRows
from fuel.converters._own_splits import Draw, add_arguments, refuse_two_ways
from fuel.converters._picture_form import COLORS, FITS, PictureForm
from fuel.converters._spool import Spool
from fuel.converters.base import create_hdf5, fill_hdf5_file, record_inputs
from fuel.datasets._encoded_images import COLOR_MODE

__all__ = ["convert_image_folder", "fill_subparser"]

logger = logging.getLogger(__name__)

AXES = {
    PIXELS: ("batch", "channel", "height", "width"),
    FILES: ("batch",),
    TARGETS: ("batch", "index"),
}
ROOM = 60_000  # HDF5 takes attributes of less than 64 KiB
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

    fuel-convert image_folder photos --encoded

keeps the images as the JPEG, PNG or other files they are, in the source `encoded_images`: the file
is as large as the folder, and images are decoded whenever they are read, which a default stream
does by itself.
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
    encoded: bool = False,
    nested: bool = False,
    skip_broken: bool = False,
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
        color: `RGB` for three channels, `L` for one; of images kept encoded, what a default stream
            decodes them to.
        split_folders: whether the folders of the classes are in folders of splits.
        fractions: splits and their parts; None for one split, `train`.
        seed: of the draw of the splits.
        encoded: whether to keep the files' bytes, in the source `encoded_images`, in place of
            pixels. Each is decoded once all the same, to see that it can be.
        nested: whether images of a class may be in folders of its folder.
        skip_broken: whether files that are no images, or damaged ones, are left out and named in
            the log. They take part in the draw of the splits, so that the splits of the others
            stay when one is repaired.

    Returns:
        The path of the file written.

    Raises:
        FileNotFoundError: if there is no such folder.
        ImportError: if Pillow is not installed.
        ValueError: if the folders are of another form, or a file is no image, or a damaged one;
            if `fit` or `color` is none of these; if images kept encoded are to have a size, or
            they are to be stretched to none.
        OSError: if the file cannot be written.
    """
    optional_module("PIL.Image", purpose="reading images", extra="images")
    refuse_two_ways(folders=split_folders, fractions=fractions is not None)
    if encoded and size is not None:
        raise ValueError("images are either kept encoded, as they are, or brought to one size")
    path = Path(directory) / folder
    output = Path(output_directory) / (output_filename or f"{_stem(path)}.hdf5")
    form = PictureForm(size, fit, color)
    with scratch_directory(output.parent, ".fuel-images-") as scratch:
        place = path if path.is_dir() else unpacked_folder(path, scratch / "images")
        found = ClassFolders.of(place, split_folders, nested)
        if fractions is not None:
            found = found.drawn(Draw.of(len(found.images), fractions, seed))
        (scratch / "rows").mkdir()
        rows = ImageRows(Spool(scratch / "rows"), found, form, encoded, skip_broken)
        _write(output, path, rows)
    return (str(output),)


def _write(output: Path, path: Path, rows: ImageRows) -> None:
    """Collect the rows, and write them with their origin, the folder or archive at `path`."""
    digest = rows.collect(path.name)
    with create_hdf5(output) as h5file:
        _fill(h5file, rows.spool, rows.found, rows.form.color)
        if path.is_dir():
            h5file.attrs["input_sha256"] = json.dumps({path.name: digest})
        else:
            record_inputs(h5file, [path])


def _fill(h5file: h5py.File, spool: Spool, found: ClassFolders, color: str) -> None:
    pieces = sorted(spool.pieces(), key=lambda piece: found.splits.index(piece[0]))
    sources = dict.fromkeys(source for _, source, _ in pieces)
    fill_hdf5_file(h5file, pieces, axis_labels={source: AXES[source] for source in sources})
    if FILES in sources:
        h5file[FILES].attrs[COLOR_MODE] = color
    _name_classes(h5file[TARGETS], found.classes)


def _name_classes(targets: h5py.Dataset, names: Sequence[str]) -> None:
    text = json.dumps(names)
    if len(text) <= ROOM:
        targets.attrs["class_names"] = text
    else:
        logger.warning(
            "the names of %d classes have no room in the file; their numbers are those of the "
            "folders in alphabetical order",
            len(names),
        )


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
    subparser.add_argument(
        "--encoded",
        action="store_true",
        help="keep the bytes of the files, decoded when they are read, in place of pixels",
    )
    subparser.add_argument(
        "--nested",
        action="store_true",
        help="images of a class may be in folders of its folder",
    )
    subparser.add_argument(
        "--skip-broken",
        action="store_true",
        help="leave out, and name, files that are no images or damaged ones",
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
