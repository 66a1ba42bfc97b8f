import io
import os
import re
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.commands.convert import main
from fuel.converters.npz import convert_npz

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.arange(6, dtype=np.uint8)[:, np.newaxis]


@pytest.fixture
def convert(tmp_path):
    def run(*args):
        return main(["npz", *args, "-d", str(tmp_path), "-o", str(tmp_path)])

    return run


def read(path, split="train"):
    with h5py.File(path) as h5file:
        return {
            row["source"].decode(): h5file[row["source"]][row["start"] : row["stop"]]
            for row in h5file.attrs["split"]
            if row["split"].decode() == split
        }


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_each_array_becomes_a_source(convert, tmp_path, save):
    save(tmp_path / "x.npz", features=X, targets=Y)

    status = convert("x.npz", "--axes", "features=batch,feature")

    found = read(tmp_path / "x.hdf5")
    assert status == 0
    np.testing.assert_array_equal(found["features"], X, strict=True)
    np.testing.assert_array_equal(found["targets"], Y, strict=True)
    with h5py.File(tmp_path / "x.hdf5") as h5file:
        assert [axis.label for axis in h5file["features"].dims] == ["batch", "feature"]


def test_an_array_in_fortrans_order_is_read_right(convert, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.asfortranarray(X))

    convert("x.npz")

    np.testing.assert_array_equal(read(tmp_path / "x.hdf5")["x"], X)


def test_an_array_larger_than_what_is_read_at_once_is_read_right(convert, tmp_path):
    large = np.random.default_rng(0).integers(0, 256, (5, 3_000_000), np.uint8)
    np.savez(tmp_path / "x.npz", x=large)

    convert("x.npz")

    np.testing.assert_array_equal(read(tmp_path / "x.hdf5")["x"], large)


def test_several_files_are_splits(convert, tmp_path):
    np.savez(tmp_path / "a.npz", x=X)
    np.savez(tmp_path / "b.npz", x=X[:2] + 1)

    convert("train=a.npz", "test=b.npz", "-r", "both")

    np.testing.assert_array_equal(read(tmp_path / "both.hdf5")["x"], X)
    np.testing.assert_array_equal(read(tmp_path / "both.hdf5", "test")["x"], X[:2] + 1)


def test_suffixes_may_name_the_splits(convert, tmp_path):
    np.savez(tmp_path / "m.npz", x_train=X, y_train=Y, x_test=X[:1], y_test=Y[:1])

    convert("m.npz", "--by-suffix")

    assert {name: len(rows) for name, rows in read(tmp_path / "m.hdf5").items()} == {"x": 6, "y": 6}
    np.testing.assert_array_equal(read(tmp_path / "m.hdf5", "test")["y"], Y[:1])


def test_drawn_splits_keep_rows_of_all_sources_together(convert, tmp_path):
    np.savez(tmp_path / "x.npz", features=X, targets=Y)

    convert("x.npz", "--fractions", "train=0.5,test=0.5")

    for split in ("train", "test"):
        found = read(tmp_path / "x.hdf5", split)
        assert len(found["targets"]) == 3
        np.testing.assert_array_equal(found["features"], X[found["targets"][:, 0]])


@pytest.mark.parametrize(
    ("arrays", "flags", "message"),
    [
        ({"x": np.array([{}, {}])}, [], "'x' holds Python objects"),
        ({"x": np.array(["a", "b"])}, [], "'x' holds <U1, which has no place"),
        ({"x": np.float32(3)}, [], r"'x' has the shape \(\); the first axis must"),
        ({"x": X, "y": Y[:2]}, [], "differ in their number of rows: .*--by-suffix"),
        ({"x": X[:0]}, [], "have no rows"),
        ({"x": X}, ["--by-suffix"], "'x' is not named SOURCE_SPLIT"),
        ({"x": X}, ["--axes", "x=batch"], "but it has 2 axes"),
        ({"x": X}, ["--axes", "z=batch"], "names ..z.., but the sources are ..x"),
        (
            {"x": X},
            ["--by-suffix", "--fractions", "a=1"],
            "by suffixes and by fractions: choose one",
        ),
        ({}, [], "holds no arrays"),
    ],
)
def test_what_cannot_be_written_is_said(convert, tmp_path, capsys, arrays, flags, message):
    np.savez(tmp_path / "x.npz", **arrays)

    status = convert("x.npz", *flags)

    said = capsys.readouterr().err
    assert status == 2
    assert re.search(message, said)
    assert "Traceback" not in said
    assert os.listdir(tmp_path) == ["x.npz"]


def test_an_array_shorter_than_its_header_says_is_damaged(convert, tmp_path, capsys):
    buffer = io.BytesIO()
    np.save(buffer, X)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", buffer.getvalue()[:-5])

    status = convert("x.npz")

    assert status == 2
    assert "the array 'x' is damaged: 5 of its bytes are missing" in capsys.readouterr().err


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("damaged")
    np.savez_compressed(directory / "x.npz", features=X, targets=Y)
    content = bytearray((directory / "x.npz").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (directory / "x.npz").write_bytes(content[: data.draw(st.integers(1, len(content)))])

    try:
        convert_npz(directory, directory, files=["x.npz"])
    except ValueError as error:
        refused = str(error)
    else:
        refused = None

    assert refused is None or "x.npz" in refused or "rows" in refused
    assert len(os.listdir(directory)) == (2 if refused is None else 1)
