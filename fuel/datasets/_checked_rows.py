"""Rows of a data set of an open file that nobody vouches for."""

from collections.abc import Callable

import h5py
import numpy as np

from fuel._streams._context import new_array
from fuel._subset import Subset
from fuel.datasets._choice import ReaderChoice
from fuel.datasets._threads import Threads

__all__ = ["rows_reader"]


def rows_reader(dataset: h5py.Dataset) -> Callable[[int, int], np.ndarray]:
    """A function that gives the rows from one to before another.

    Values of variable length are not asked of HDF5, which may never come back from damaged ones,
    or only after a look at where they are.

    Args:
        dataset: with one axis at least, of a file that stays open.

    Raises:
        OSError: here or when rows are read, if they are not where the file says.
    """
    if not dataset.dtype.hasobject or not dataset.size:
        return lambda start, stop: dataset[start:stop]
    choice = ReaderChoice(dataset.file, True, Threads())
    everything = Subset(slice(None), len(dataset))
    try:
        (reader,) = choice.readers([(dataset.name, None)], [everything], 0)
    except ValueError as error:
        raise OSError(
            f"{dataset.file.filename} is damaged: {error}; download or convert it anew"
        ) from error
    name = dataset.name.lstrip("/")
    return lambda start, stop: reader.read(slice(start, stop, 1), name, new_array)
