"""Writing sources whose examples differ in shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

__all__ = ["RaggedSource", "write_arrays"]


class RaggedSource:
    """A ragged source of an HDF5 file, made to be filled.

    It is a data set of flat arrays of variable length, with two dimension scales on its first
    axis: `shapes`, `(examples, axes)`, and `shape_labels`, the names of the axes.

    Args:
        h5file: a file open for writing.
        name: of the source; the scales are named `<name>_shapes` and `<name>_shape_labels`.
        length: number of examples.
        dtype: of the numbers in them.
        axes: names of the axes of one example, without that of the examples.
        shape_dtype: of the lengths of the axes.
    """

    def __init__(
        self,
        h5file: h5py.File,
        name: str,
        length: int,
        dtype: npt.DTypeLike,
        axes: Sequence[str],
        *,
        shape_dtype: npt.DTypeLike = "int32",
    ) -> None:
        self.name = name
        self._dtype = np.dtype(dtype)
        self._longest = np.iinfo(shape_dtype).max
        self._data = h5file.create_dataset(name, (length,), h5py.vlen_dtype(self._dtype))
        self._shapes = h5file.create_dataset(f"{name}_shapes", (length, len(axes)), shape_dtype)
        encoded = [label.encode() for label in axes]
        labels = h5file.create_dataset(
            f"{name}_shape_labels", data=np.array(encoded, f"S{max(map(len, encoded))}")
        )
        for scale, scale_name in ((self._shapes, "shapes"), (labels, "shape_labels")):
            scale.make_scale(scale_name)
            self._data.dims[0].attach_scale(scale)
        self._data.dims[0].label = "batch"

    def write(self, start: int, examples: Sequence[npt.NDArray[Any]]) -> None:
        """Write examples, from row `start` on.

        Raises:
            ValueError: if one does not have the declared type or number of axes, or an axis is
                too long for the type of the shapes.
        """
        axes = self._shapes.shape[1]
        for row, example in enumerate(examples, start):
            if example.dtype != self._dtype or example.ndim != axes:
                raise ValueError(
                    f"row {row} of {self.name} is {example.dtype} with {example.ndim} axes; it "
                    f"must be {self._dtype} with {axes}"
                )
            if max(example.shape, default=0) > self._longest:
                raise ValueError(
                    f"row {row} of {self.name} has shape {example.shape}, but no axis can be "
                    f"longer than {self._longest}"
                )
        if examples:
            write_arrays(self._data, start, [example.reshape(-1) for example in examples])
            self._shapes[start : start + len(examples)] = [example.shape for example in examples]


def write_arrays(dataset: h5py.Dataset, start: int, arrays: Sequence[npt.NDArray[Any]]) -> None:
    """Write 1-D arrays into a data set of arrays of variable length, from row `start` on.

    It is done by hand, for h5py makes one array of those that happen to have the same length.
    """
    count = len(arrays)
    values = np.empty(count, object)
    for position, array in enumerate(arrays):
        values[position] = np.ascontiguousarray(array)
    where = dataset.id.get_space()
    where.select_hyperslab((start,), (count,))
    memory = h5py.h5s.create_simple((count,))
    dataset.id.write(memory, where, values, h5py.h5t.py_create(dataset.dtype))
