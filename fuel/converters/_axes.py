"""Names of axes, as HDF5 keeps them."""

from __future__ import annotations

import h5py

__all__ = ["name_axes"]


def name_axes(dataset: h5py.Dataset, *names: str) -> None:
    """Name the first axes of a data set, each with its own name."""
    for axis, name in enumerate(names):
        dataset.dims[axis].label = name
