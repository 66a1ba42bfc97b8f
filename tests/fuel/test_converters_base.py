import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel.converters.base import (
    MissingInputFiles,
    check_exists,
    create_hdf5,
    fill_hdf5_file,
    record_inputs,
)

FEATURES = np.arange(7 * 1 * 2 * 3, dtype=np.uint8).reshape(7, 1, 2, 3)
TARGETS = np.arange(7, dtype=np.int16)[:, np.newaxis]
DATA = [
    ("train", "features", FEATURES[:5]),
    ("train", "targets", TARGETS[:5]),
    ("test", "features", FEATURES[5:]),
    ("test", "targets", TARGETS[5:], "a comment"),
]


def written(path, data=DATA):
    with create_hdf5(path) as h5file:
        fill_hdf5_file(h5file, data)
    return path


def test_a_source_is_one_data_set_of_all_its_splits(tmp_path):
    with h5py.File(written(tmp_path / "x.hdf5")) as h5file:
        assert sorted(h5file) == ["features", "targets"]
        np.testing.assert_array_equal(h5file["features"][...], FEATURES)
        np.testing.assert_array_equal(h5file["targets"][...], TARGETS)
        assert h5file["targets"].dtype == np.int16


def test_the_split_attribute_is_fuels_byte_for_byte(tmp_path):
    with h5py.File(written(tmp_path / "x.hdf5")) as h5file:
        rows = h5file.attrs["split"]
        stored = h5file.attrs.get_id("split").get_type()

    names = [stored.get_member_name(index).decode() for index in range(7)]
    offsets = [stored.get_member_offset(index) for index in range(7)]
    kinds = [stored.get_member_class(index) for index in range(7)]
    text, integer = h5py.h5t.STRING, h5py.h5t.INTEGER
    assert names == ["split", "source", "start", "stop", "indices", "available", "comment"]
    assert kinds == [text, text, integer, integer, h5py.h5t.REFERENCE, h5py.h5t.ENUM, text]
    assert offsets == [0, 5, 13, 21, 29, 37, 38]
    assert stored.get_size() == 38 + len("a comment")
    assert [tuple(row)[:4] + tuple(row)[5:] for row in rows] == [
        (b"train", b"features", 0, 5, True, b"."),
        (b"train", b"targets", 0, 5, True, b"."),
        (b"test", b"features", 5, 7, True, b"."),
        (b"test", b"targets", 5, 7, True, b"a comment"),
    ]
    assert not any(row["indices"] for row in rows)


@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    dtype=st.sampled_from(["u1", "<i8", "<f4", "?"]),
    row=st.lists(st.integers(1, 3), max_size=3),
)
def test_whatever_the_splits_their_rows_come_back(tmp_path_factory, lengths, dtype, row):
    path = tmp_path_factory.mktemp("split") / "x.hdf5"
    rng = np.random.default_rng(sum(lengths))
    arrays = {
        f"split {number}": rng.integers(0, 2, (length, *row)).astype(dtype)
        for number, length in enumerate(lengths)
    }

    written(path, [(split, "numbers", array) for split, array in arrays.items()])

    with h5py.File(path) as h5file:
        for split, start, stop in h5file.attrs["split"][["split", "start", "stop"]]:
            stored = h5file["numbers"][start:stop]
            np.testing.assert_array_equal(stored, arrays[split.decode()])
            assert stored.dtype == dtype


def test_names_are_counted_in_bytes_and_missing_pairs_are_said(tmp_path):
    data = [("entraînement", "é", TARGETS), ("test", "plain", TARGETS)]

    with h5py.File(written(tmp_path / "x.hdf5", data)) as h5file:
        rows = h5file.attrs["split"]

    found = {
        (row["split"].decode(), row["source"].decode()): bool(row["available"]) for row in rows
    }
    assert found == {
        ("entraînement", "plain"): False,
        ("entraînement", "é"): True,
        ("test", "plain"): True,
        ("test", "é"): False,
    }


def test_data_sets_are_contiguous_and_start_at_multiples_of_a_page(tmp_path):
    path = written(tmp_path / "x.hdf5")

    with h5py.File(path) as h5file:
        offsets = {name: h5file[name].id.get_offset() for name in h5file}
        chunks = [h5file[name].chunks for name in h5file]

    assert chunks == [None, None]
    assert [offset % 4096 for offset in offsets.values()] == [0, 0]
    mapped = np.memmap(path, np.uint8, "r", offsets["features"], FEATURES.shape)
    np.testing.assert_array_equal(mapped, FEATURES)


def test_the_same_data_gives_the_same_bytes(tmp_path):
    one, two = (written(tmp_path / name).read_bytes() for name in ("one.hdf5", "two.hdf5"))

    assert one == two


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "there is no data to write"),
        ([DATA[0], DATA[0]], "'features' of split 'train' is given twice"),
        ([DATA[0], ("train", "targets", TARGETS)], "'features' has 5 rows and .* has 7"),
        ([DATA[0], ("test", "features", FEATURES.astype(float))], "rows of uint8 .* float64"),
        ([DATA[0], ("test", "features", FEATURES[..., :2])], r"\(1, 2, 3\) in .* \(1, 2, 2\)"),
        ([("train", "features", 3)], "is a scalar"),
    ],
)
def test_data_that_does_not_fit_together_is_refused_before_anything_is_written(
    tmp_path, data, message
):
    with pytest.raises(ValueError, match=message):
        written(tmp_path / "x.hdf5", data)

    assert os.listdir(tmp_path) == []


def fail_in_the_middle(path):
    with create_hdf5(path) as h5file:
        fill_hdf5_file(h5file, DATA)
        raise RuntimeError("in the middle")


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.hdf5"
    path.write_bytes(b"before")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail_in_the_middle(path)

    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["x.hdf5"]


FULL_DISK = """
import resource, sys
import numpy as np
from fuel.converters.base import create_hdf5, fill_hdf5_file
path, limits = sys.argv[1], sys.argv[2:]
for limit in map(int, limits):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with create_hdf5(path) as h5file:
            fill_hdf5_file(h5file, [("train", "features", np.ones((9, 9000), np.uint8))])
            h5file.attrs["long"] = "x" * 20_000
    except OSError as error:
        print(error)
"""


def test_a_full_disk_is_an_error_wherever_it_strikes_and_leaves_nothing(tmp_path):
    path = tmp_path / "x.hdf5"
    limits = range(0, 90_000, 997)  # among them some where HDF5 itself would crash

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), *map(str, limits)],
        capture_output=True,
        text=True,
        check=True,
    )

    message = f"[Errno 27] File too large; the file could not be written: '{path}'"
    assert done.stdout.splitlines() == [message] * len(limits)
    assert done.stderr == ""
    assert os.listdir(tmp_path) == []


def test_two_processes_that_write_one_file_do_not_harm_each_other(tmp_path):
    path = tmp_path / "x.hdf5"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=written, args=(path,)) for _ in range(2)]

    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert os.listdir(tmp_path) == ["x.hdf5"]
    assert path.read_bytes() == written(tmp_path / "alone.hdf5").read_bytes()


def test_the_inputs_digests_are_written(tmp_path):
    (tmp_path / "in.txt").write_bytes(b"abc")

    with create_hdf5(tmp_path / "x.hdf5") as h5file:
        record_inputs(h5file, [tmp_path / "in.txt"])

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        # the SHA-256 of "abc" is an example in FIPS 180-2, appendix B.1
        assert json.loads(h5file.attrs["input_sha256"]) == {
            "in.txt": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        }


@check_exists(required_files=["a", ("b.gz", "b")])
def converter(directory, word):
    return f"{Path(directory).name} {word}"


def test_a_converter_with_all_its_files_runs(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()

    assert converter(tmp_path, word="ran") == f"{tmp_path.name} ran"
    assert converter(directory=tmp_path, word="ran") == f"{tmp_path.name} ran"


def test_all_missing_files_are_named(tmp_path):
    with pytest.raises(MissingInputFiles) as raised:
        converter(tmp_path, "ran")

    assert tuple(raised.value.filenames) == ("a", "b.gz or b")
    assert f"missing from {tmp_path}: a, b.gz or b" in str(raised.value)
