"""The file `digitStruct.mat` of SVHN: for each image, where its digits are and which.

It is a MATLAB file of version 7.3, hence an HDF5 file. The data set `digitStruct/name` refers, for
each image, to its file name as UTF-16 code units; without it the rows are in the order of the
images' numbers. `digitStruct/bbox` refers to a group with the data sets `label`, `height`, `width`,
`left` and `top`, of one row a digit: the number itself if there is one digit, else references to
arrays of one number each.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fuel.datasets._layout import DAMAGE

__all__ = ["FIELDS", "DigitStruct"]

FIELDS = ("label", "height", "width", "left", "top")
LARGEST = np.iinfo(np.uint16).max
ZERO = 10  # the label of the digit 0, MATLAB's indices being from 1 on
DIGITS = 1000  # in one image; the real ones have up to 6


class DigitStruct:
    """The boxes of an archive's images, in the order of their numbers.

    Args:
        content: the bytes of `digitStruct.mat`.
        label: what to call it in an error.

    Raises:
        ValueError: if it is damaged, or the images are not named `1.png`, `2.png` and so on.
    """

    def __init__(self, content: bytes, label: str) -> None:
        self._content = content
        self._label = label
        self._rows = self._in_file(_rows_by_number)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._rows)

    def boxes(self, start: int, stop: int) -> list[dict[str, npt.NDArray[Any]]]:
        """Of each of the images `start` to `stop`, counted from 0, for each field `(digits, 1)`.

        Labels are bytes from 0 to 9. The others are in pixels, 16-bit; what is negative is 0.

        Raises:
            ValueError: if the file is damaged, or has labels or boxes that cannot be.
        """
        rows = self._rows[start:stop]
        return self._in_file(lambda h5file: list(_boxes(h5file, rows)))

    def _in_file(self, read: Any) -> Any:
        try:
            with h5py.File(io.BytesIO(self._content), "r") as h5file:
                return read(h5file)
        except (*DAMAGE, ValueError, IndexError, OverflowError) as error:
            raise ValueError(f"{self._label} is damaged: {error}") from error


def _rows_by_number(h5file: h5py.File) -> list[int]:
    if "digitStruct/name" not in h5file:
        return list(range(len(h5file["digitStruct/bbox"])))
    names = h5file["digitStruct/name"]
    rows: dict[int, int] = {}
    for row, (reference,) in enumerate(names[...]):
        name = "".join(map(chr, h5file[reference][...].ravel().tolist()))
        number = name.removesuffix(".png")
        if not (number.isascii() and number.isdecimal()) or name == number:
            raise ValueError(f"row {row} is of {name!r}, which is no number with .png")
        rows[int(number)] = row
    if len(h5file["digitStruct/bbox"]) != len(names) or sorted(rows) != list(
        range(1, len(names) + 1)
    ):
        raise ValueError(f"its {len(names)} rows are not 1.png to {len(names)}.png, each once")
    return [rows[number] for number in range(1, len(names) + 1)]


def _boxes(h5file: h5py.File, rows: Sequence[int]) -> Iterator[dict[str, npt.NDArray[Any]]]:
    boxes = h5file["digitStruct/bbox"]
    for row in rows:
        group = h5file[boxes[row, 0]]
        values = {field: _numbers(h5file, group[field]) for field in FIELDS}
        counts = {len(numbers) for numbers in values.values()}
        labels = values["label"]
        if len(counts) != 1 or not ((labels >= 1) & (labels <= ZERO)).all():
            raise ValueError(f"row {row} has labels {labels} and {counts} values a field")
        values["label"] = np.where(labels == ZERO, 0, labels)
        yield {
            field: np.clip(numbers, 0, None).astype("u1" if field == "label" else "u2")[:, None]
            for field, numbers in values.items()
        }


def _numbers(h5file: h5py.File, dataset: h5py.Dataset) -> npt.NDArray[np.int64]:
    if dataset.ndim != 2 or not 1 <= dataset.shape[0] <= DIGITS or dataset.shape[1] != 1:
        raise ValueError(f"{dataset.name} has shape {dataset.shape}")
    column = dataset[:, 0]
    if column.dtype == object:
        column = [_number(h5file.id, reference) for reference in column]
    numbers = np.asarray(column, np.float64)
    if not (np.abs(numbers) <= LARGEST).all():
        raise ValueError(f"{dataset.name} has {numbers}, which are no pixels")
    return np.trunc(numbers).astype(np.int64)


def _number(file: h5py.h5f.FileID, reference: h5py.Reference) -> float:
    """The one number referred to; by hand, for it takes h5py's own way four times as long."""
    target = h5py.h5r.dereference(reference, file)
    if not isinstance(target, h5py.h5d.DatasetID) or target.get_space().get_select_npoints() != 1:
        raise ValueError("a reference of a digit leads to no number")
    number = np.empty(1)
    target.read(h5py.h5s.ALL, h5py.h5s.ALL, number)
    return float(number[0])
