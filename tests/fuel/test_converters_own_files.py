import hashlib
import json
import math
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.commands.convert import main as convert
from fuel.commands.info import main as info
from fuel.converters import create_hdf5, fill_hdf5_file, write_hdf5
from fuel.datasets import H5PYDataset, IndexableDataset, IterableDataset
from fuel.schemes import SequentialExampleScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Mapping
from fuel.transformers.defaults import ToBytes

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 1, 3, 4), np.uint8)
LABELS = (np.arange(20) % 3).astype(np.uint8)[:, np.newaxis]
AXES = {"features": ("batch", "channel", "height", "width"), "targets": ("batch", "index")}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "x.hdf5"
    splits = {
        "train": {"features": IMAGES[:15], "targets": LABELS[:15]},
        "test": {"features": IMAGES[15:], "targets": LABELS[15:]},
    }
    write_hdf5(path, splits, axis_labels=AXES, licence="CC0-1.0")
    return path


def read_all(path, split, sources=("features", "targets")):
    with h5py.File(path) as h5file:
        found = {}
        for row in h5file.attrs["split"]:
            if row["split"].decode() == split:
                found[row["source"].decode()] = h5file[row["source"]][row["start"] : row["stop"]]
    return [found[source] for source in sources]


def test_arrays_become_a_file_in_one_call(written):
    dataset = H5PYDataset(written, ("test",), load_in_memory=True)

    features, targets = dataset.get_data(request=slice(0, 5))

    np.testing.assert_array_equal(features, IMAGES[15:])
    np.testing.assert_array_equal(targets, LABELS[15:])
    assert dataset.axis_labels == AXES
    assert os.listdir(written.parent) == ["x.hdf5"]


def stream_of(scheme, array=IMAGES):
    labels = {"features": AXES["features"], "targets": AXES["targets"]}
    data = {"features": array, "targets": LABELS}
    return DataStream(IndexableDataset(data, axis_labels=labels), iteration_scheme=scheme)


@pytest.mark.parametrize("scheme", [SequentialScheme(20, 7), SequentialExampleScheme(20)])
def test_an_epoch_of_a_stream_becomes_a_file(tmp_path, scheme):
    write_hdf5(tmp_path / "x.hdf5", {"train": stream_of(scheme)})

    features, targets = read_all(tmp_path / "x.hdf5", "train")
    np.testing.assert_array_equal(features, IMAGES, strict=True)
    np.testing.assert_array_equal(targets, LABELS, strict=True)
    with h5py.File(tmp_path / "x.hdf5") as h5file:
        assert [axis.label for axis in h5file["features"].dims] == list(AXES["features"])
        assert h5file["features"].chunks is None


def test_streams_and_arrays_may_be_splits_of_one_file(tmp_path):
    shuffled = stream_of(ShuffledScheme(20, 7, rng=np.random.RandomState(1)))
    arrays = {"features": IMAGES[:2], "targets": LABELS[:2]}

    write_hdf5(tmp_path / "x.hdf5", {"train": shuffled, "test": arrays})

    order = np.arange(20)
    np.random.RandomState(1).shuffle(order)
    np.testing.assert_array_equal(read_all(tmp_path / "x.hdf5", "train")[0], IMAGES[order])
    np.testing.assert_array_equal(read_all(tmp_path / "x.hdf5", "test")[0], IMAGES[:2])


def crop(batch):
    """Each image of a batch with another number of columns."""
    images = np.empty(len(batch[0]), object)
    for number, image in enumerate(batch[0]):
        images[number] = image[:, :, : 1 + number % 4]
    return images, batch[1]


def test_examples_that_differ_in_shape_become_a_ragged_source(tmp_path):
    stream = Mapping(stream_of(SequentialScheme(20, 7)), crop)

    write_hdf5(tmp_path / "x.hdf5", {"train": stream}, axis_labels=AXES)

    expected = [IMAGES[row, :, :, : 1 + row % 7 % 4] for row in range(20)]
    with h5py.File(tmp_path / "x.hdf5") as h5file:
        scales = h5file["features"].dims[0]
        shapes = scales["shapes"][...]
        assert [label.decode() for label in scales["shape_labels"]] == list(AXES["features"][1:])
        for row, image in enumerate(expected):
            np.testing.assert_array_equal(h5file["features"][row].reshape(shapes[row]), image)


def test_a_list_of_arrays_may_be_ragged(tmp_path):
    sentences = [np.arange(length, dtype=np.int32) for length in (3, 0, 5)]

    write_hdf5(tmp_path / "x.hdf5", {"train": {"words": sentences}})

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        for stored, given_one in zip(h5file["words"], sentences, strict=True):
            np.testing.assert_array_equal(stored, given_one)
        assert h5file["words"].dims[0]["shapes"][...].tolist() == [[3], [0], [5]]


@pytest.mark.parametrize("contents", [[b"\x89PNG", b"", b"JFIF"], [b"one", b"two", b"six"]])
def test_bytes_become_a_source_of_variable_length_without_shapes(tmp_path, contents):
    splits = {"train": {"image": contents}, "test": {"image": np.array(contents[:2], object)}}

    write_hdf5(tmp_path / "x.hdf5", splits)

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        assert list(h5file) == ["image"]
        assert h5file["image"].dims[0].label == "batch"
    dataset = H5PYDataset(tmp_path / "x.hdf5", ("train", "test"))
    (batch,) = dataset.get_data(None, slice(0, 5))
    assert [array.tobytes() for array in batch] == contents + contents[:2]
    assert batch[0].dtype == np.uint8
    assert dataset.axis_labels == {"image": ("batch",)}
    assert dataset.vlen_sources == []


@pytest.mark.parametrize("scheme", [SequentialScheme(3, 2), SequentialExampleScheme(3)])
def test_the_bytes_of_a_stream_are_stored_as_those_of_a_list(tmp_path, scheme):
    arrays = [np.arange(length, dtype=np.uint8) for length in (3, 0, 5)]
    labels = {"image": ("batch", "index")}
    dataset = IndexableDataset({"image": arrays}, axis_labels=labels)
    stream = ToBytes(DataStream(dataset, iteration_scheme=scheme))

    write_hdf5(tmp_path / "stream.hdf5", {"train": stream})
    write_hdf5(tmp_path / "list.hdf5", {"train": {"image": [a.tobytes() for a in arrays]}})

    with h5py.File(tmp_path / "stream.hdf5") as one, h5py.File(tmp_path / "list.hdf5") as other:
        assert one.attrs["content_sha256"] == other.attrs["content_sha256"]
        assert list(one) == list(other) == ["image"]


def test_the_axis_of_bytes_can_be_named(tmp_path):
    write_hdf5(
        tmp_path / "x.hdf5",
        {"train": {"image": [b"a", b"bc"]}},
        axis_labels={"image": ("picture",)},
    )

    assert H5PYDataset(tmp_path / "x.hdf5", ("train",)).axis_labels == {"image": ("picture",)}


def test_bytes_have_one_axis_to_name(tmp_path):
    with pytest.raises(ValueError, match="'image' are .*, but it has 1 axes"):
        write_hdf5(
            tmp_path / "x.hdf5",
            {"train": {"image": [b"abc"]}},
            axis_labels={"image": ("batch", "bytes")},
        )


def test_bytes_and_arrays_do_not_mix(tmp_path):
    mixed = [b"abc", np.arange(3, dtype=np.uint8)]

    with pytest.raises(ValueError, match="example 0 is a bytes object, but example 1 is not"):
        write_hdf5(tmp_path / "x.hdf5", {"train": {"image": mixed}})


def test_bytes_and_arrays_do_not_mix_in_a_stream(tmp_path):
    dataset = IterableDataset([b"abc", np.arange(3, dtype=np.uint8)])

    with pytest.raises(ValueError, match="row 1 of 'data' of split 'train' is a ndarray, but"):
        write_hdf5(tmp_path / "x.hdf5", {"train": dataset.get_example_stream()})


@given(
    lengths=st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), min_size=1, max_size=3)
)
@settings(max_examples=15, deadline=None)
def test_whatever_the_shapes_the_examples_come_back(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("ragged") / "x.hdf5"
    splits = {
        f"split {number}": {"x": [np.full((length, 2), place, "i2") for place, length in all_of]}
        for number, all_of in enumerate(map(list, map(enumerate, lengths)))
    }
    for parts in splits.values():
        objects = np.empty(len(parts["x"]), object)
        for place, array in enumerate(parts["x"]):
            objects[place] = array
        parts["x"] = objects

    write_hdf5(path, splits)

    flat = [array for parts in splits.values() for array in parts["x"]]
    with h5py.File(path) as h5file:
        shapes = h5file["x"].dims[0]["shapes"][...]
        for stored, shape, array in zip(h5file["x"], shapes, flat, strict=True):
            np.testing.assert_array_equal(stored.reshape(shape), array)


@pytest.mark.parametrize(
    ("splits", "error", "message"),
    [
        ({}, ValueError, "there is no data"),
        ({"train": [1, 2]}, TypeError, "split 'train' is a list; give a mapping"),
        ({"train": {"x": ["a", "b"]}}, ValueError, "'x' of split 'train': it holds text"),
        ({"train": {"x": ["a", "bc"]}}, ValueError, "'x' of split 'train': it holds text"),
        ({"train": {"x": np.array(["a", "b"], object)}}, ValueError, "'train': it holds text"),
        ({"train": {"x": np.zeros(3), "y": np.zeros(2)}}, ValueError, "must be as many"),
        (
            {"train": {"x": [np.zeros(2), np.zeros((2, 2))]}},
            ValueError,
            "may differ in shape alone",
        ),
    ],
)
def test_what_is_no_data_is_refused_and_nothing_is_left(tmp_path, splits, error, message):
    with pytest.raises(error, match=message):
        write_hdf5(tmp_path / "x.hdf5", splits)

    assert os.listdir(tmp_path) == []


def test_a_stream_that_changes_its_mind_is_refused(tmp_path):
    stream = Mapping(stream_of(SequentialScheme(20, 7)), lambda b: (b[0][:, : len(b[0]) % 7], b[1]))

    with pytest.raises(ValueError, match="row 14 of 'features' of split 'train' has uint8"):
        write_hdf5(tmp_path / "x.hdf5", {"train": stream})

    assert os.listdir(tmp_path) == []


STREAMED = """
import resource, sys
import numpy as np
from fuel.converters import write_hdf5
from fuel.datasets import IterableDataset
from fuel.streams import DataStream

class Ones:
    def __iter__(self):
        return iter([np.ones(1 << 18, np.uint8)] * 384)

def write():
    write_hdf5(sys.argv[1], {"train": DataStream(IterableDataset({"x": Ones()}))})

lines = open("/proc/self/status").read().splitlines()
used = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) << 10
resource.setrlimit(resource.RLIMIT_DATA, (used + (64 << 20),) * 2)
write()
"""


def test_a_stream_larger_than_the_memory_is_written(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", STREAMED, str(tmp_path / "x.hdf5")], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.hdf5").stat().st_size > 96 << 20


def test_the_licence_and_the_versions_are_in_the_file(written):
    with h5py.File(written) as h5file:
        assert h5file.attrs["licence"] == "CC0-1.0"
        assert h5file.attrs["h5py_interface_version"] == "0.3"
        assert "fuel_convert_command" not in h5file.attrs


def test_the_statistics_are_those_of_numpy_split_by_split(written):
    with h5py.File(written) as h5file:
        found = json.loads(h5file["features"].attrs["statistics"])
        labels = json.loads(h5file["targets"].attrs["statistics"])

    for split, rows in (("train", IMAGES[:15]), ("test", IMAGES[15:])):
        assert found[split]["minimum"] == rows.min()
        assert found[split]["maximum"] == rows.max()
        assert found[split]["mean"] == pytest.approx(rows.mean(), rel=1e-12)
        assert found[split]["std"] == pytest.approx(rows.std(), rel=1e-12)
        assert found[split]["classes"] is None
    assert labels["train"]["classes"] == {"0": 5, "1": 5, "2": 5}
    assert labels["test"]["classes"] == {"0": 2, "1": 2, "2": 1}


@given(
    values=st.lists(st.floats(width=32), min_size=1, max_size=40),
    cut=st.integers(0, 39),
)
@settings(max_examples=25, deadline=None)
def test_statistics_pass_over_what_is_not_finite(tmp_path_factory, values, cut):
    path = tmp_path_factory.mktemp("statistics") / "x.hdf5"
    array = np.array(values, np.float32)
    write_hdf5(path, {"a": {"x": array[:cut]}, "b": {"x": array[cut:]}})

    with h5py.File(path) as h5file:
        found = json.loads(h5file["x"].attrs["statistics"])

    for split, part in (("a", array[:cut]), ("b", array[cut:])):
        finite = part[np.isfinite(part)].astype(np.float64)
        assert found[split]["count"] == len(finite)
        assert found[split]["not_finite"] == len(part) - len(finite)
        if len(finite):
            assert found[split]["mean"] == pytest.approx(finite.mean(), rel=1e-6, abs=1e-30)
            assert found[split]["std"] == pytest.approx(finite.std(), rel=1e-6, abs=1e-30)
        else:
            assert found[split]["mean"] is None


@given(
    dtype=st.sampled_from(["?", "i1", "u1", "i2", "u2", ">i2", "i4", "u8", "f2", ">f8"]),
    shape=st.sampled_from([(), (1,), (3,), (2, 2)]),
    seed=st.integers(0, 99),
    rows=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_statistics_are_those_of_numpy_for_numbers_of_all_types(
    tmp_path_factory, dtype, shape, seed, rows
):
    path = tmp_path_factory.mktemp("statistics") / "x.hdf5"
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        array = rng.normal(3, 20, (rows, *shape)).astype(dtype)
    else:
        array = rng.bytes(rows * math.prod(shape) * np.dtype(dtype).itemsize)
        array = np.frombuffer(array, "u1" if dtype == "?" else dtype).reshape(rows, *shape)
        array = array % 2 == 0 if dtype == "?" else array
    write_hdf5(path, {"a": {"x": array}})

    with h5py.File(path) as h5file:
        found = json.loads(h5file["x"].attrs["statistics"])["a"]

    as_floats = array.astype(np.float64)
    assert (found["minimum"], found["maximum"]) == (array.min(), array.max())
    assert found["mean"] == pytest.approx(as_floats.mean(), rel=1e-9, abs=1e-9)
    assert found["std"] == pytest.approx(as_floats.std(), rel=1e-9, abs=1e-9)
    assert found["count"] == array.size


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", ">i2", "u4", "i8"])
def test_classes_are_counted_over_parts_of_a_file(tmp_path, dtype):
    labels = np.tile(np.array([3, 5, 5, 7, 100]), 250_001).astype(dtype)

    write_hdf5(tmp_path / "x.hdf5", {"a": {"x": labels[:-1]}, "b": {"x": labels[-1:]}})

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        found = json.loads(h5file["x"].attrs["statistics"])
    times = 250_001
    assert found["a"]["classes"] == {"3": times, "5": 2 * times, "7": times, "100": times - 1}
    assert found["b"]["classes"] == {"100": 1}


def test_splits_by_indices_have_statistics_of_their_rows(tmp_path):
    with create_hdf5(tmp_path / "x.hdf5") as h5file:
        fill_hdf5_file(h5file, [("train", "x", np.arange(100))])
        h5file["chosen"] = np.array([3, 5, 98])
        h5file.attrs["split"] = H5PYDataset.create_split_array(
            {"odd": {"x": (0, 0, h5file["chosen"].ref)}}
        )
    convert(["repack", str(tmp_path / "x.hdf5"), "-o", str(tmp_path)])

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        found = json.loads(h5file["x"].attrs["statistics"])["odd"]

    assert (found["count"], found["minimum"], found["maximum"]) == (3, 3, 98)
    assert found["classes"] == {"3": 1, "5": 1, "98": 1}


def content(path):
    with h5py.File(path) as h5file:
        return h5file.attrs["content_sha256"]


@pytest.mark.parametrize("compression", ["none", "gzip", "lzf"])
def test_repacking_changes_the_layout_and_nothing_else(written, tmp_path, compression):
    before = content(written)
    args = ["repack", str(written), "-o", str(tmp_path), "-r", "y.hdf5"]

    status = convert([*args, "--compression", compression])

    assert status == 0
    assert content(tmp_path / "y.hdf5") == before
    assert info([str(tmp_path / "y.hdf5"), "--verify"]) == 0
    for split in ("train", "test"):
        pairs = zip(read_all(written, split), read_all(tmp_path / "y.hdf5", split), strict=True)
        for one, other in pairs:
            np.testing.assert_array_equal(one, other, strict=True)
    with h5py.File(tmp_path / "y.hdf5") as h5file:
        features = h5file["features"]
        assert features.compression == (None if compression == "none" else compression)
        assert [axis.label for axis in features.dims] == list(AXES["features"])
        assert h5file.attrs["licence"] == "CC0-1.0"


def test_compressed_chunks_hold_whole_rows_of_64_to_256_kib(tmp_path):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": np.zeros((1000, 28, 28), np.uint8)}})

    convert(["repack", "x.hdf5", "-d", str(tmp_path), "-o", str(tmp_path), "--compression", "gzip"])

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        rows, *rest = h5file["x"].chunks
    assert rest == [28, 28]
    assert 64 * 1024 <= rows * 28 * 28 <= 256 * 1024


def test_a_badly_laid_out_file_of_others_becomes_a_fast_one(tmp_path, capsys):
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file.create_dataset("x", data=IMAGES, chunks=(1, 1, 2, 2))
        h5file["rows"] = np.array([1, 4])
        h5file.attrs["fuel_convert_command"] = "fuel-convert something"
        h5file.attrs["split"] = H5PYDataset.create_split_array(
            {"train": {"x": (0, 20)}, "few": {"x": (0, 0, h5file["rows"].ref)}}
        )

    status = convert(["repack", "x.hdf5", "-d", str(tmp_path), "-o", str(tmp_path)])

    assert status == 0
    with h5py.File(tmp_path / "x.hdf5") as h5file:
        assert h5file["x"].id.get_offset() % 4096 == 0
        assert h5file.attrs["fuel_convert_command"] == "fuel-convert something"
        assert h5file.attrs["fuel_repack_command"].startswith("fuel-convert repack x.hdf5")
    few = H5PYDataset(tmp_path / "x.hdf5", ("few",), load_in_memory=True)
    np.testing.assert_array_equal(few.get_data(request=[0, 1])[0], IMAGES[[1, 4]])


def test_a_ragged_file_is_repacked_with_its_shapes(tmp_path):
    sentences = [np.arange(length, dtype=np.int32) for length in (3, 0, 5)]
    write_hdf5(tmp_path / "x.hdf5", {"train": {"words": sentences}})

    convert(["repack", "x.hdf5", "-d", str(tmp_path), "-o", str(tmp_path), "-r", "y"])

    with h5py.File(tmp_path / "y.hdf5") as h5file:
        assert h5file["words"].dims[0]["shapes"][...].tolist() == [[3], [0], [5]]
        assert h5file["words"][2].tolist() == [0, 1, 2, 3, 4]
    assert content(tmp_path / "x.hdf5") == content(tmp_path / "y.hdf5")


def flip_bit(path, name):
    with h5py.File(path) as h5file:
        offset = h5file[name].id.get_offset()
    data = bytearray(path.read_bytes())
    data[offset + 5] ^= 1
    path.write_bytes(data)


def test_a_source_that_is_a_link_is_one_after_repacking(tmp_path):
    with h5py.File(tmp_path / "old.hdf5", "w") as h5file:
        h5file["Data/x"] = np.arange(6)
        h5file["x"] = h5py.SoftLink("/Data/x")
        table = {"train": {"x": (2, 6)}}
        h5file.attrs["split"] = H5PYDataset.create_split_array(table)

    status = convert(
        ["repack", "old.hdf5", "-d", str(tmp_path), "-o", str(tmp_path), "-r", "new.hdf5"]
    )

    assert status == 0
    (found,) = H5PYDataset(tmp_path / "new.hdf5", ("train",)).get_data(request=[0, 3])
    np.testing.assert_array_equal(found, [2, 5])


def test_one_changed_bit_is_found_by_verifying_and_not_repacked(written, tmp_path, capsys):
    sound = info([str(written), "--verify"])
    said = capsys.readouterr().out
    flip_bit(written, "features")

    damaged = info([str(written), "--verify"])
    told = capsys.readouterr().err
    repacked = convert(["repack", str(written), "-o", str(tmp_path), "-r", "y"])

    assert (sound, damaged, repacked) == (0, 1, 2)
    assert "verified: the content is what was written" in said
    assert "x.hdf5 is damaged: its content has the SHA-256" in told
    assert os.listdir(tmp_path) == ["x.hdf5"]


@pytest.mark.parametrize("change", ["labels", "split", "name", "dtype"])
def test_the_checksum_covers_what_the_numbers_mean(tmp_path, change):
    splits = {"train": {"x": np.zeros((4, 2), "u1")}, "test": {"x": np.ones((4, 2), "u1")}}
    other = {
        "labels": splits,
        "split": {"train": {"x": np.zeros((3, 2), "u1")}, "test": {"x": np.ones((5, 2), "u1")}},
        "name": {split: {"y": arrays["x"]} for split, arrays in splits.items()},
        "dtype": {split: {"x": arrays["x"].view("i1")} for split, arrays in splits.items()},
    }[change]
    labels = {"x": ("batch", "feature")} if change == "labels" else None

    write_hdf5(tmp_path / "one.hdf5", splits)
    write_hdf5(tmp_path / "two.hdf5", other, axis_labels=labels)

    assert content(tmp_path / "one.hdf5") != content(tmp_path / "two.hdf5")


def test_the_checksum_is_that_of_the_documented_bytes(tmp_path):
    write_hdf5(tmp_path / "x.hdf5", {"all": {"x": np.array([1, 258], ">u2")}})

    def words(*parts):
        text = json.dumps(list(parts)).encode()
        return len(text).to_bytes(8, "little") + text

    expected = hashlib.sha256(
        words("source", "x", False, "uint16", [2], [""])
        + bytes([1, 0, 2, 1])
        + words("split", "all", "x", 2)
        + np.array([0, 1], "<i8").tobytes()
    )
    assert content(tmp_path / "x.hdf5") == expected.hexdigest()


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    for name in ("one.hdf5", "two.hdf5"):
        write_hdf5(tmp_path / name, {"train": {"x": IMAGES}})

    assert (tmp_path / "one.hdf5").read_bytes() == (tmp_path / "two.hdf5").read_bytes()


def test_two_conversions_at_once_end_well(tmp_path):
    np.savez(tmp_path / "x.npz", x=IMAGES)
    code = "import sys; from fuel.commands.convert import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "npz", "x.npz", "-d", str(tmp_path), "-o", str(tmp_path)]

    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate()[1] for process in running]

    assert [process.returncode for process in running] == [0, 0], said
    assert sorted(os.listdir(tmp_path)) == ["x.hdf5", "x.npz"]
    assert info([str(tmp_path / "x.hdf5"), "--verify"]) == 0


DAMAGES = """
import pathlib, random, sys
import numpy as np
from fuel.commands.convert import main as convert
from fuel.commands.info import main as info
from fuel.converters import write_hdf5

here = pathlib.Path(sys.argv[1])
draw = random.Random(7)
images = np.zeros((5, 1, 4, 4), np.uint8)
labels = {"images": ("batch", "channel", "height", "width")}
splits = {"train": {"images": images}, "test": {"images": images}}
write_hdf5(here / "a.hdf5", splits, axis_labels=labels)
write_hdf5(here / "b.hdf5", {"train": {"words": [np.arange(n) for n in (3, 0, 5)]}})
for number in range(60):
    content = bytearray((here / draw.choice(["a.hdf5", "b.hdf5"])).read_bytes())
    places = [place for place, byte in enumerate(content) if byte]
    for _ in range(draw.randint(1, 3)):
        content[draw.choice(places)] = draw.randrange(256)
    (here / "x.hdf5").write_bytes(content)
    shown = info([str(here / "x.hdf5"), "--verify", "--html", str(here / "x.html")])
    packed = convert(["repack", "x.hdf5", "-d", str(here), "-o", str(here), "-r", "y"])
    assert shown in (0, 1, 2) and packed in (0, 2), (number, shown, packed)
"""


def test_a_damaged_file_is_shown_or_refused_and_never_crashes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DAMAGES, str(tmp_path)], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr


def test_examples_alike_by_chance_are_ragged_where_those_of_another_split_are(tmp_path):
    path = tmp_path / "texts.hdf5"
    texts = {"train": [np.arange(2), np.arange(3)], "test": [np.arange(4)]}

    write_hdf5(path, {split: {"text": data} for split, data in texts.items()})

    for split, expected in texts.items():
        (found,) = H5PYDataset(path, (split,)).get_data(None, slice(0, len(expected)))
        assert [text.tolist() for text in found] == [text.tolist() for text in expected]
