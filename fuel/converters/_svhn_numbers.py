"""SVHN's format 1: photographs of whole house numbers, with a box around each digit."""

from __future__ import annotations

import re
from pathlib import Path

import h5py

from fuel._files._archive import archive_members
from fuel.converters._digit_struct import FIELDS, DigitStruct
from fuel.converters._members import channels_first, pillow, read_member, rgb_image
from fuel.converters._ragged import RaggedSource
from fuel.converters._row_splits import record_row_splits
from fuel.converters.base import create_hdf5, progress_bar, record_inputs

__all__ = ["convert_numbers"]

STRUCT_NAME = "digitStruct.mat"
STRUCT_LIMIT = 1 << 30
IMAGE_NAME = re.compile(r"([1-9]\d{0,8})\.png")
SECOND_AXIS = {"label": "index", "height": "height", "width": "width", "left": "x", "top": "y"}
BLOCK = 512


def convert_numbers(archives: dict[str, Path], output: Path) -> None:
    """Write one file of the archives of some splits, in this order.

    Raises:
        ImportError: if Pillow is not installed.
        ValueError: if an archive is damaged or incomplete.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    pillow()  # if it lacks, say so before gigabytes are read
    structs = {split: _read_struct(split, path) for split, path in archives.items()}
    total = sum(map(len, structs.values()))
    with create_hdf5(output) as h5file:
        features, boxes = _sources(h5file, total)
        start = 0
        with progress_bar("images", total) as bar:
            for split, path in archives.items():
                struct = structs[split]
                _write_boxes(boxes, struct, start)
                missing = set(range(len(struct)))
                for member in archive_members(path):
                    named = _own_name(member.name, split)
                    matched = IMAGE_NAME.fullmatch(named)
                    row = int(matched[1]) - 1 if matched else -1
                    if row in missing:
                        image = rgb_image(read_member(member), f"{member.name} in {path}")
                        features.write(start + row, [channels_first(image)])
                        missing.remove(row)
                        bar.update(start + len(struct) - len(missing))
                if missing:
                    raise ValueError(
                        f"{path} lacks {len(missing)} of {len(struct)} images, among them "
                        f"{min(missing) + 1}.png; fetch it anew"
                    )
                start += len(struct)
        names = (features.name, *(source.name for source in boxes.values()))
        lengths = {split: len(struct) for split, struct in structs.items()}
        record_row_splits(h5file, lengths, names)
        record_inputs(h5file, list(archives.values()))


def _sources(h5file: h5py.File, total: int) -> tuple[RaggedSource, dict[str, RaggedSource]]:
    axes = ("channel", "height", "width")
    features = RaggedSource(h5file, "features", total, "u1", axes, shape_dtype="u2")
    boxes = {
        field: RaggedSource(
            h5file,
            f"bbox_{field}s",
            total,
            "u1" if field == "label" else "u2",
            ("bounding_box", SECOND_AXIS[field]),
            shape_dtype="u2",
        )
        for field in FIELDS
    }
    return features, boxes


def _read_struct(split: str, path: Path) -> DigitStruct:
    for member in archive_members(path):
        if _own_name(member.name, split) == STRUCT_NAME:
            return DigitStruct(read_member(member, STRUCT_LIMIT), f"{member.name} in {path}")
    raise ValueError(f"{path} has no {split}/{STRUCT_NAME}; fetch it anew")


def _write_boxes(boxes: dict[str, RaggedSource], struct: DigitStruct, start: int) -> None:
    with progress_bar("boxes", len(struct)) as bar:
        for first in range(0, len(struct), BLOCK):
            block = struct.boxes(first, first + BLOCK)
            for field, source in boxes.items():
                source.write(start + first, [box[field] for box in block])
            bar.update(first + len(block))


def _own_name(member: str, split: str) -> str:
    """The name within the split's folder; empty for what is elsewhere."""
    folder, _, name = member.rpartition("/")
    return name if folder == split else ""
