"""The HDF5 file inside a checkpoint, composed and read in memory."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import jax
import numpy as np

from mainloop.checkpoint._seal import header_of, opened
from mainloop.checkpoint._tree import Flat, flatten, unflatten

# What HDF5 stores as it is; any other array is stored as its bytes, with its dtype beside it.
_NATIVE = {
    np.dtype(kind)
    for kind in (
        *(np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32),
        *(np.uint64, np.float16, np.float32, np.float64, np.complex64, np.complex128),
    )
}
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


@dataclass(frozen=True)
class Snapshot:
    """All that goes into a checkpoint, copied to the host: training may go on meanwhile."""

    parameters: Mapping[str, np.ndarray]
    roles: Mapping[str, tuple[str, ...]]
    state: Flat

    def compose(self) -> bytes:
        """The bytes of the whole file; the same snapshot gives the same bytes."""
        # In memory, because HDF5 does not survive a full disk in good order.
        with h5py.File("checkpoint", "w", driver="core", backing_store=False) as file:
            group = file.create_group("parameters")
            for path, array in self.parameters.items():
                dataset = _write(group, path.removeprefix("/"), array)
                dataset.attrs["path"] = path
                dataset.attrs["roles"] = np.array(self.roles[path], h5py.string_dtype())
            file["parameter_paths"] = json.dumps(list(self.parameters))
            file["state"] = self.state.to_json()
            arrays = file.create_group("arrays")
            for number, (place, array) in enumerate(self.state.arrays):
                _write(arrays, str(number), array).attrs["place"] = json.dumps(place)
            file.flush()
            body: bytes = file.id.get_file_image()
        return header_of(body) + body


def snapshot(
    state: Mapping[str, Any], parameters: Mapping[str, Any], roles: Mapping[str, Any]
) -> Snapshot:
    """Copy a state and parameters to the host.

    Args:
        state: made of JSON values, bytes, tuples, arrays and PRNG keys.
        parameters: arrays by path.
        roles: of some or all parameters, each an iterable of objects whose `str` is written.

    Raises:
        TypeError: if the state holds something else, or a parameter is no array of numbers.
        ValueError: if two paths cannot stand side by side in a file.
    """
    for array in parameters.values():
        if isinstance(array, jax.Array):
            array.copy_to_host_async()  # all transfers at once; what follows waits for each
    values = {path: np.array(array, order="C") for path, array in parameters.items()}
    for path, array in values.items():
        if array.dtype.hasobject or array.dtype.names is not None:
            raise TypeError(f"parameter {path} has dtype {array.dtype}; it must hold numbers")
    _check_paths(values)
    named = {path: tuple(sorted(str(role) for role in roles.get(path, ()))) for path in values}
    return Snapshot(values, named, flatten(state, values))


def parse(content: bytes) -> tuple[Any, dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
    """State, parameters and roles out of the bytes of a checkpoint.

    Raises:
        CheckpointError: if a single bit of the content is not as it was written.
    """
    with h5py.File(io.BytesIO(opened(content)), "r") as file:
        paths = json.loads(file["parameter_paths"].asstr()[()])
        datasets = {path: file["parameters"][path.removeprefix("/")] for path in paths}
        parameters = {path: _read(dataset) for path, dataset in datasets.items()}
        roles = {path: tuple(dataset.attrs["roles"]) for path, dataset in datasets.items()}
        arrays = [_read(file["arrays"][str(n)]) for n in range(len(file["arrays"]))]
        return unflatten(file["state"].asstr()[()], arrays, parameters), parameters, roles


def _check_paths(paths: Mapping[str, Any]) -> None:
    """Raise a ValueError for paths that are no names of data sets, or need one name twice."""
    parts = {path: tuple(path.removeprefix("/").split("/")) for path in paths}
    groups = {names[:end]: path for path, names in parts.items() for end in range(1, len(names))}
    seen: dict[tuple[str, ...], str] = {}
    for path, names in parts.items():
        if "\0" in path or any(name in ("", ".") for name in names):
            raise ValueError(
                f"parameter path {path!r} cannot be the name of a data set; "
                "a path looks like '/mlp/linear_0.W'"
            )
        other = groups.get(names, seen.get(names))
        if other is not None:
            raise ValueError(
                f"parameters {path!r} and {other!r} cannot both be saved: one would need to lie "
                "inside or in the place of the other; rename one of them or its brick"
            )
        seen[names] = path


def _write(group: h5py.Group, name: str, array: np.ndarray) -> h5py.Dataset:
    if array.dtype in _NATIVE:
        return group.create_dataset(name, data=array)
    size = array.dtype.itemsize
    shape = array.shape if size in _UNSIGNED else (*array.shape, size)
    raw = np.frombuffer(array.tobytes(), _UNSIGNED.get(size, np.uint8)).reshape(shape)
    dataset = group.create_dataset(name, data=raw)
    # JAX's own kinds, such as bfloat16, are known by name only.
    is_told_by_str = np.dtype(array.dtype.str) == array.dtype
    dataset.attrs["dtype"] = array.dtype.str if is_told_by_str else array.dtype.name
    return dataset


def _read(dataset: h5py.Dataset) -> np.ndarray:
    array = np.asarray(dataset[()])
    if "dtype" not in dataset.attrs:
        return array
    dtype = np.dtype(dataset.attrs["dtype"])
    shape = array.shape if dtype.itemsize in _UNSIGNED else array.shape[:-1]
    return np.frombuffer(bytearray(array.tobytes()), dtype).reshape(shape)
