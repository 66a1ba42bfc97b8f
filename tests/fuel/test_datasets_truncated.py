"""Files that other processes truncate while they are mapped: reading there would kill."""

import os
import signal

import h5py
import numpy as np
import pytest

from fuel.converters import write_hdf5
from fuel.datasets import H5PYDataset
from fuel.datasets.hdf5 import PytablesDataset
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import Mapping, MultiProcessing, WorkerError

ROWS = 4000
NUMBERS = np.arange(ROWS * 10).reshape(ROWS, 10)


def write(path, kind):
    """A file of some kind, larger than a few pages."""
    if kind == "ragged":
        write_hdf5(path, {"train": {"x": [row[: 1 + n % 9] for n, row in enumerate(NUMBERS)]}})
    else:
        write_hdf5(path, {"train": {"x": NUMBERS}})
    if kind in ("packed", "chunked"):
        with h5py.File(path, "r+") as h5file:
            del h5file["x"]
            compression = "gzip" if kind == "packed" else None
            h5file.create_dataset("x", data=NUMBERS, chunks=(100, 10), compression=compression)


@pytest.mark.parametrize("kind", ["contiguous", "chunked", "packed", "ragged"])
@pytest.mark.parametrize("request_", [ROWS - 1, slice(0, 5), [3, ROWS - 1, 8]])
def test_a_file_that_is_truncated_while_it_is_read_is_an_error(tmp_path, kind, request_):
    path = tmp_path / "x.hdf5"
    write(path, kind)
    size = path.stat().st_size
    dataset = H5PYDataset(path, ("train",))
    dataset.get_data(None, [0, 1])

    os.truncate(path, 5000)

    with pytest.raises(OSError, match=f"x.hdf5 was truncated .* of {size} bytes 5000 are left"):
        dataset.get_data(None, request_)
    dataset.close(None)


def test_so_is_one_of_pytables(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as h5file:
        h5file["Data/x"] = NUMBERS
    dataset = PytablesDataset(str(tmp_path / "x.h5"), ("x",))
    dataset.get_data(None, [0, 1])

    os.truncate(tmp_path / "x.h5", 5000)

    with pytest.raises(OSError, match=r"x\.h5 was truncated"):
        dataset.get_data(None, [0, ROWS - 1])
    dataset.close(None)


def test_data_in_memory_does_not_need_the_file(tmp_path):
    write(tmp_path / "x.hdf5", "contiguous")
    dataset = H5PYDataset(tmp_path / "x.hdf5", ("train",), load_in_memory=True)
    dataset.get_data(None, [0, 1])

    os.truncate(tmp_path / "x.hdf5", 5000)

    np.testing.assert_array_equal(dataset.get_data(None, [0, ROWS - 1])[0], NUMBERS[[0, -1]])


def test_a_file_that_is_replaced_is_read_on_as_it_was(tmp_path):
    write(tmp_path / "x.hdf5", "contiguous")
    dataset = H5PYDataset(tmp_path / "x.hdf5", ("train",))
    dataset.get_data(None, [0, 1])

    (tmp_path / "short").write_bytes(b"another file")
    os.replace(tmp_path / "short", tmp_path / "x.hdf5")

    np.testing.assert_array_equal(dataset.get_data(None, [0, ROWS - 1])[0], NUMBERS[[0, -1]])
    dataset.close(None)


def cut_and_die(data):
    """What happens to a worker that reads where a file was cut off at that moment."""
    if data[0][0, 0] == 100 * 10:
        os.truncate(os.environ["FILE_TO_CUT"], 5000)
        os.kill(os.getpid(), signal.SIGBUS)
    return data


def test_a_worker_that_it_killed_is_replaced_by_one_that_tells_why(tmp_path, monkeypatch):
    path = tmp_path / "x.hdf5"
    write(path, "contiguous")
    monkeypatch.setenv("FILE_TO_CUT", str(path))
    stream = DataStream(H5PYDataset(path, ("train",)), SequentialScheme(ROWS, 100))
    working = MultiProcessing(Mapping(stream, cut_and_die), workers=1)

    with pytest.raises(WorkerError, match="truncated"):
        list(working.get_epoch_iterator())
    working.close()
