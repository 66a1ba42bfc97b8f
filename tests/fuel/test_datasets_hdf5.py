import copy
import logging
import os
import pickle
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest

from fuel.commands.convert import main as convert
from fuel.converters import create_hdf5, fill_hdf5_file
from fuel.datasets import H5PYDataset
from fuel.exceptions import StateMismatchError
from fuel.schemes import SequentialExampleScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import Cast

FEATURES = np.random.default_rng(0).integers(0, 256, (20, 3, 2), dtype=np.uint8)
TARGETS = np.arange(20, dtype=np.int16).reshape(20, 1)

LAYOUTS = {
    "contiguous": {},
    "chunked": {"chunks": (4, 3, 2)},
    "compressed": {"chunks": (5, 3, 2), "compression": "gzip"},
}


def write(
    path, splits=None, layout="contiguous", features=FEATURES, targets=TARGETS, **file_options
):
    with h5py.File(path, "w", **file_options) as file:
        file.create_dataset("features", data=features, **LAYOUTS[layout])
        file["targets"] = targets
        for axis, label in enumerate(("batch", "height", "width")[: features.ndim]):
            file["features"].dims[axis].label = label
        if splits is None:
            splits = {
                "train": {"features": (0, 14), "targets": (0, 14)},
                "valid": {"features": (10, 16), "targets": (10, 16)},
                "test": {"features": (16, 20)},
            }
        file.attrs["split"] = H5PYDataset.create_split_array(splits)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "data.hdf5")


@pytest.fixture(params=LAYOUTS)
def any_path(tmp_path, request):
    return write(tmp_path / "data.hdf5", layout=request.param)


@pytest.mark.parametrize("load_in_memory", [False, True])
@pytest.mark.parametrize(
    "request_",
    [
        slice(2, 5),
        slice(0, 14, 3),
        [3, 4, 5],
        [7, 0, 7],
        (2, 1),
        np.array([9, 3]),
        4,
        np.int64(0),
        slice(0, 14),
    ],
)
def test_every_reader_gives_what_numpy_gives(any_path, load_in_memory, request_):
    dataset = H5PYDataset(any_path, ("train",), load_in_memory=load_in_memory)

    features, targets = dataset.get_data(request=request_)

    rows = list(request_) if isinstance(request_, tuple) else request_
    assert np.array_equal(features, FEATURES[rows])
    assert np.array_equal(targets, TARGETS[rows])
    assert (features.dtype, targets.dtype) == (np.uint8, np.int16)


@pytest.mark.parametrize("load_in_memory", [False, True])
@pytest.mark.parametrize(
    "request_",
    [None, [], [-1], [14], -1, 14, slice(5, 15), slice(3, 3), slice(-3, 2), 1.5, "ab", [0.5]],
)
def test_a_request_that_is_not_of_examples_is_refused(path, load_in_memory, request_):
    dataset = H5PYDataset(path, ("train",), load_in_memory=load_in_memory)

    with pytest.raises(ValueError, match=r"request|indices"):
        dataset.get_data(request=request_)


def test_a_state_is_refused_in_memory_and_ignored_otherwise(path):
    assert H5PYDataset(path, ("train",)).get_data(object(), [0])
    with pytest.raises(ValueError, match="state"):
        H5PYDataset(path, ("train",), load_in_memory=True).get_data(object(), [0])


@pytest.mark.parametrize("load_in_memory", [False, True])
@pytest.mark.parametrize("request_", [3, slice(2, 5), [2, 3, 4], [4, 1]])
def test_changing_a_batch_does_not_change_the_data(path, load_in_memory, request_):
    dataset = H5PYDataset(path, ("train",), load_in_memory=load_in_memory)
    features, _ = dataset.get_data(request=request_)

    features += 1

    assert np.array_equal(dataset.get_data(request=slice(0, 14))[0], FEATURES[:14])


def test_splits_are_united_in_the_order_of_the_file_each_example_once(path):
    dataset = H5PYDataset(path, ("valid", "train"))

    assert dataset.num_examples == 16
    assert dataset.get_data(request=slice(0, 16))[1].ravel().tolist() == list(range(16))


def test_splits_share_the_sources_that_all_of_them_have(path):
    dataset = H5PYDataset(path, ("test", "train"))

    assert dataset.sources == ("features",)
    assert dataset.num_examples == 18


def test_three_splits_share_what_all_three_have(tmp_path):
    splits = {
        "a": {"features": (0, 2), "targets": (0, 2)},
        "b": {"features": (2, 4)},
        "c": {"features": (4, 6), "targets": (4, 6)},
    }

    assert H5PYDataset(write(tmp_path / "f", splits), ("a", "b", "c")).sources == ("features",)


def test_splits_that_share_nothing_are_refused(tmp_path):
    splits = {"a": {"features": (0, 2)}, "b": {"targets": (0, 2)}, "c": {"features": (2, 4)}}

    with pytest.raises(ValueError, match="share no source"):
        H5PYDataset(write(tmp_path / "f", splits), ("a", "b", "c"))


def test_an_unknown_split_is_refused_with_those_there_are(path):
    with pytest.raises(ValueError, match=r"no split 'dev', only train, valid, test"):
        H5PYDataset(path, ("dev",))


@pytest.mark.parametrize("which_sets", ["train", (), iter(())])
def test_which_sets_names_several_splits(path, which_sets):
    with pytest.raises(ValueError, match="which_sets"):
        H5PYDataset(path, which_sets)


def test_which_sets_may_be_an_iterator(path):
    assert H5PYDataset(path, iter(["train"])).which_sets == ("train",)


@pytest.mark.parametrize("sources", [("labels",), ()])
def test_unknown_or_no_sources_are_refused(path, sources):
    with pytest.raises(ValueError, match="provides"):
        H5PYDataset(path, ("train",), sources=sources)


def test_sources_come_sorted_or_in_the_order_asked_for(path):
    assert H5PYDataset(path, ("train",)).sources == ("features", "targets")
    chosen = H5PYDataset(path, ("train",), sources=["targets", "features"])
    assert chosen.get_data(request=[2])[0].tolist() == [[2]]


@pytest.mark.parametrize("load_in_memory", [False, True])
@pytest.mark.parametrize(
    ("subset", "rows"),
    [
        (slice(2, 5), [12, 13, 14]),
        (slice(None, 2), [10, 11]),
        ([5, 0, 5], [10, 15]),
        (np.array([1, 2]), [11, 12]),
        ([], list(range(10, 16))),
        (None, list(range(10, 16))),
    ],
)
def test_a_subset_counts_within_the_split(path, load_in_memory, subset, rows):
    dataset = H5PYDataset(path, ("valid",), subset=subset, load_in_memory=load_in_memory)

    assert dataset.num_examples == len(rows)
    assert dataset.get_data(request=slice(0, len(rows)))[1].ravel().tolist() == rows


@pytest.mark.parametrize("subset", [slice(0, 7), slice(-2, None), slice(0, 4, 2), [6], [-1]])
def test_a_subset_outside_of_the_split_is_refused(path, subset):
    with pytest.raises(ValueError, match="6 examples"):
        H5PYDataset(path, ("valid",), subset=subset)


def test_indices_given_by_reference_are_sorted_and_each_used_once(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        file["features"] = FEATURES
        file["chosen"] = np.array([19, 3, 7, 3])
        splits = {"odd": {"features": (0, 0, file["chosen"].ref, "by hand")}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    dataset = H5PYDataset(tmp_path / "f", ("odd",))

    assert np.array_equal(dataset.get_data(request=[0, 1, 2])[0], FEATURES[[3, 7, 19]])
    assert np.array_equal(dataset.get_data(request=[2, 0])[0], FEATURES[[19, 3]])


FIELDS_OF_ONE_ELEMENT = np.dtype(
    [
        ("split", "S5"),
        ("source", "S8"),
        ("start", np.int64, (1,)),
        ("stop", np.int64, (1,)),
        ("indices", h5py.ref_dtype),
        ("available", np.bool_, (1,)),
        ("comment", "S1"),
    ]
)


def test_files_whose_split_fields_are_arrays_of_one_element_are_read(tmp_path):
    row = (b"train", b"features", 2, 6, h5py.Reference(), True, b".")
    with h5py.File(tmp_path / "f", "w") as file:
        file["features"] = FEATURES
        file.attrs["split"] = np.array([row], dtype=FIELDS_OF_ONE_ELEMENT)

    dataset = H5PYDataset(tmp_path / "f", ("train",))

    assert np.array_equal(dataset.get_data(request=slice(0, 4))[0], FEATURES[2:6])


def test_names_stored_as_strings_of_variable_length_are_read(tmp_path):
    text = h5py.string_dtype()
    fields = [
        ("split", text),
        ("source", text),
        ("start", np.int64),
        ("stop", np.int64),
        ("indices", h5py.ref_dtype),
        ("available", np.bool_),
        ("comment", text),
    ]
    row = ("träin", "features", 2, 6, h5py.Reference(), True, ".")
    with h5py.File(tmp_path / "f", "w") as file:
        file["features"] = FEATURES
        file.attrs["split"] = np.array([row], dtype=np.dtype(fields))

    assert H5PYDataset(tmp_path / "f", ("träin",)).num_examples == 4


@pytest.mark.parametrize("load_in_memory", [False, True])
def test_all_of_a_file_with_fields_of_one_element_is_read(tmp_path, load_in_memory):
    with h5py.File(tmp_path / "f", "w") as file:
        file["features"] = FEATURES
        file["targets"] = TARGETS
        file["chosen"] = np.array([9, 1])
        chosen, none = file["chosen"].ref, h5py.Reference()
        rows = [
            (b"train", b"features", 2, 6, none, True, b"."),
            (b"train", b"targets", 2, 6, none, True, b"."),
            (b"test", b"features", 0, 0, chosen, True, b"."),
            (b"test", b"targets", 0, 0, none, False, b"."),
        ]
        file.attrs["split"] = np.array(rows, dtype=FIELDS_OF_ONE_ELEMENT)

    dataset = H5PYDataset(tmp_path / "f", ("train",), load_in_memory=load_in_memory)
    both = H5PYDataset(tmp_path / "f", ("test", "train"), load_in_memory=load_in_memory)

    assert dataset.sources == ("features", "targets")
    assert dataset.get_data(request=[3, 0])[1].tolist() == [[5], [2]]
    assert both.sources == ("features",)
    assert np.array_equal(both.get_data(request=slice(0, 6))[0], FEATURES[[1, 2, 3, 4, 5, 9]])
    with h5py.File(tmp_path / "f") as file:
        assert H5PYDataset.get_all_splits(file) == ("train", "test")
        assert H5PYDataset.get_provided_sources(file, "test") == ("features",)


def test_the_split_attribute_on_disk_has_the_types_that_the_original_reads(path):
    with h5py.File(path) as file:
        stored = file.attrs.get_id("split").get_type()
        names = [stored.get_member_name(place) for place in range(stored.get_nmembers())]
        kinds = [stored.get_member_type(place) for place in range(stored.get_nmembers())]

    assert names == [
        b"split", b"source", b"start", b"stop", b"indices", b"available", b"comment",
    ]  # fmt: skip
    assert [kind.get_class() for kind in kinds] == [
        h5py.h5t.STRING, h5py.h5t.STRING, h5py.h5t.INTEGER, h5py.h5t.INTEGER,
        h5py.h5t.REFERENCE, h5py.h5t.ENUM, h5py.h5t.STRING,
    ]  # fmt: skip
    assert [kind.get_size() for kind in kinds] == [5, 8, 8, 8, 8, 1, 1]
    assert stored.get_size() == 39
    assert kinds[0].get_strpad() == h5py.h5t.STR_NULLPAD
    assert [kinds[5].get_member_name(place) for place in (0, 1)] == [b"FALSE", b"TRUE"]


def test_the_split_array_is_packed_as_fuel_packed_it():
    splits = {"train": {"features": (0, 6), "targets": (0, 6)}, "test": {"features": (6, 9)}}

    array = H5PYDataset.create_split_array(splits)

    offsets = [array.dtype.fields[name][1] for name in array.dtype.names]
    assert array.dtype.names == (
        "split", "source", "start", "stop", "indices", "available", "comment",
    )  # fmt: skip
    assert offsets == [0, 5, 13, 21, 29, 37, 38]
    assert array["split"].tolist() == [b"train", b"train", b"test", b"test"]
    assert array["source"].tolist() == [b"features", b"targets"] * 2
    assert array["available"].tolist() == [True, True, True, False]
    assert array["comment"].tolist() == [b"."] * 4


def test_the_split_array_counts_names_in_bytes():
    array = H5PYDataset.create_split_array({"prüfung": {"größe": (0, 1)}})

    assert array["split"][0].decode() == "prüfung"
    assert array["source"][0].decode() == "größe"


def test_a_data_set_tells_the_subset_that_was_given(path):
    assert H5PYDataset(path, ("train",)).user_given_subset == slice(None)
    assert H5PYDataset(path, ("train",), subset=[1, 3]).user_given_subset == [1, 3]


def test_a_file_tells_its_splits_and_sources(path):
    with h5py.File(path) as file:
        assert H5PYDataset.get_all_splits(file) == ("train", "valid", "test")
        assert H5PYDataset.get_all_sources(file) == ("features", "targets")
        assert H5PYDataset.get_provided_sources(file, "test") == ("features",)
        assert H5PYDataset.get_axis_labels(file)["features"] == ("batch", "height", "width")
        (subset,) = H5PYDataset.get_subsets(file, ("train", "valid"), ("features",))
    assert subset.list_or_slice == slice(0, 16, 1)


def test_axis_labels_are_those_of_every_source_in_the_file_or_those_given(path):
    labels = {"features": ("batch", "height", "width"), "targets": ("", "")}

    assert H5PYDataset(path, ("test",)).axis_labels == labels
    assert H5PYDataset(path, ("test",), axis_labels={"features": ("a",)}).axis_labels == {
        "features": ("a",)
    }


def test_sources_of_different_lengths_are_refused_when_examples_are_counted(tmp_path):
    splits = {"train": {"features": (0, 5), "targets": (0, 4)}}
    dataset = H5PYDataset(write(tmp_path / "f", splits), ("train",))

    with pytest.raises(ValueError, match=r"sources have different lengths.*5.*4"):
        dataset.get_data(request=[0])


def test_a_file_without_the_split_attribute_is_refused(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        file["features"] = FEATURES

    with pytest.raises(ValueError, match="no 'split' attribute"):
        H5PYDataset(tmp_path / "f", ("train",))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.hdf5"):
        H5PYDataset(tmp_path / "absent.hdf5", ("train",))


@pytest.mark.parametrize(
    "dtype", [">f8", ">i2", "<f4", "bool", "S3", "complex64", "float16", "<u8"]
)
def test_types_and_offsets_of_all_kinds_are_read_right(tmp_path, dtype):
    values = (np.arange(42).reshape(21, 2) % 5).astype(dtype)
    splits = {"all": {"features": (0, 21), "targets": (0, 21)}}
    odd = np.zeros((21, 3), np.uint8)  # 63 bytes, so that what follows is at an odd offset
    path = write(tmp_path / "f", splits, features=odd, targets=values)

    dataset = H5PYDataset(path, ("all",))

    for request in ([20, 3, 3], slice(4, 9), 7):
        found = dataset.get_data(request=request)[1]
        assert np.array_equal(found, values[request])
        assert found.dtype.newbyteorder("=") == values.dtype.newbyteorder("=")


def test_a_user_block_before_the_data_is_skipped(tmp_path):
    path = write(tmp_path / "f", userblock_size=512)

    assert np.array_equal(
        H5PYDataset(path, ("train",)).get_data(request=[5, 2])[0], FEATURES[[5, 2]]
    )


def test_a_source_that_was_never_written_reads_as_its_fill_value(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        file.create_dataset("features", (4, 2), dtype="i4", fillvalue=7)
        splits = {"all": {"features": (0, 4)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    (found,) = H5PYDataset(tmp_path / "f", ("all",)).get_data(request=[3, 0])

    assert found.tolist() == [[7, 7], [7, 7]]


def test_slow_reading_is_announced_once_with_the_cure(path, caplog):
    dataset = H5PYDataset(path, ("train",), driver="core")

    with caplog.at_level(logging.WARNING, logger="fuel"):
        for _ in range(3):
            dataset.get_data(request=[5, 2])

    messages = [record.getMessage() for record in caplog.records]
    assert ["'features'" in message for message in messages] == [True, False]
    assert all("load_in_memory=True" in message for message in messages)


def test_without_sorting_hdf5_needs_increasing_indices(path):
    dataset = H5PYDataset(path, ("train",), sort_indices=False, driver="core")

    assert np.array_equal(dataset.get_data(request=[2, 5])[0], FEATURES[[2, 5]])
    with pytest.raises(TypeError):
        dataset.get_data(request=[5, 2])


def test_an_open_file_is_read_through_and_left_open(any_path):
    with h5py.File(any_path, "r") as file:
        dataset = H5PYDataset(file, ("train",))
        assert np.array_equal(dataset.get_data(request=[5, 2])[0], FEATURES[[5, 2]])
        dataset.close(None)
        assert file["features"].shape == FEATURES.shape


def test_a_file_in_memory_is_read_through_its_driver(tmp_path):
    path = write(tmp_path / "f")

    dataset = H5PYDataset(path, ("train",), driver="core")

    assert np.array_equal(dataset.get_data(request=[5, 2])[0], FEATURES[[5, 2]])


def test_a_file_that_another_process_would_lock_can_still_be_written(path):
    dataset = H5PYDataset(path, ("train",))
    dataset.get_data(request=[0])

    with h5py.File(path, "r+") as file:
        file.attrs["note"] = "written while being read"

    with h5py.File(path) as file:
        assert file.attrs["note"] == "written while being read"


READING_ELSEWHERE = """
import sys
from fuel.datasets import H5PYDataset
dataset = H5PYDataset(sys.argv[1], ("train",))
print(dataset.get_data(request=[5, 2])[1].ravel().tolist(), flush=True)
sys.stdin.read()
"""


def test_a_file_is_read_by_two_processes_while_it_is_locked(any_path):
    with h5py.File(any_path, "r", locking=True) as locked:  # as the original opens it
        command = [sys.executable, "-c", READING_ELSEWHERE, str(any_path)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            found = other.stdout.readline()
            here = H5PYDataset(any_path, ("train",)).get_data(request=[5, 2])[1]
            other.communicate(timeout=30)

        assert found == "[5, 2]\n"
        assert here.ravel().tolist() == [5, 2]
        assert locked["targets"][2].tolist() == [2]


def test_a_file_without_permission_to_write_in_such_a_folder_is_read(any_path):
    any_path.chmod(0o444)
    any_path.parent.chmod(0o555)

    try:
        (found,) = H5PYDataset(any_path, ("train",), sources=("features",)).get_data(request=[5, 2])
        there = sorted(entry.name for entry in any_path.parent.iterdir())
    finally:
        any_path.parent.chmod(0o755)

    assert np.array_equal(found, FEATURES[[5, 2]])
    assert there == ["data.hdf5"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_file_stays_open_after_close(tmp_path, layout):
    path = write(tmp_path / "data.hdf5", layout=layout)
    stream = DataStream(H5PYDataset(path, ("train",)), ShuffledScheme(14, 4))
    list(stream.get_epoch_iterator())

    stream.close()

    assert str(path) not in {
        os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
    }


@pytest.mark.parametrize("which_sets", [("dev",), ("train",)])
def test_a_failing_constructor_leaves_no_file_open(path, which_sets):
    with pytest.raises(ValueError, match=r"no split|provides"):
        H5PYDataset(path, which_sets, sources=("nothing",))

    opened = {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}
    assert str(path) not in opened


def test_iterating_after_close_opens_again(any_path):
    stream = DataStream(H5PYDataset(any_path, ("train",)), SequentialScheme(14, 14))
    stream.close()

    (batch,) = stream.get_epoch_iterator()

    assert np.array_equal(batch[0], FEATURES[:14])


def test_a_file_replaced_under_the_data_set_is_noticed(path):
    dataset = H5PYDataset(path, ("train",))
    dataset.get_data(request=[0])
    dataset.close(None)
    write(path, features=FEATURES[:, :2])

    with pytest.raises(OSError, match="replaced"):
        dataset.get_data(request=[0])


def test_the_oldest_files_have_no_indices_in_their_table(tmp_path):
    fields = [("split", "S5"), ("source", "S1"), ("start", "i8"), ("stop", "i8")]
    rows = [(b"train", b"x", 0, 3, True, b"."), (b"test", b"x", 3, 4, True, b".")]
    with h5py.File(tmp_path / "old.hdf5", "w") as h5file:
        h5file["x"] = np.arange(4)
        h5file.attrs["split"] = np.array(
            rows, [*fields, ("available", np.bool_), ("comment", "S1")]
        )
    convert(["repack", str(tmp_path / "old.hdf5"), "-o", str(tmp_path), "-r", "new.hdf5"])

    for name in ("old.hdf5", "new.hdf5"):
        dataset = H5PYDataset(tmp_path / name, ("train",))
        np.testing.assert_array_equal(dataset.get_data(None, [0, 2])[0], [0, 2])
        dataset.close(None)


def test_a_truncated_file_is_refused(path):
    os.truncate(path, path.stat().st_size - 100)

    with pytest.raises(OSError, match=r"data\.hdf5 cannot be opened.*truncated.*convert it anew"):
        H5PYDataset(path, ("train",))


def test_a_copy_reads_again_from_the_path_and_holds_no_data(any_path):
    with h5py.File(any_path, "r") as file:
        dataset = H5PYDataset(file, ("train",), load_in_memory=True)
        dataset.load()
    copied = copy.deepcopy(dataset)

    assert not any(isinstance(value, np.ndarray) for value in dataset.__getstate__().values())
    assert np.array_equal(copied.get_data(request=[5, 2])[0], FEATURES[[5, 2]])


def test_data_in_memory_is_that_of_the_subset_alone(path):
    dataset = H5PYDataset(path, ("valid",), subset=[1, 3], load_in_memory=True)

    features, targets = dataset.data_sources
    np.testing.assert_array_equal(features, FEATURES[[11, 13]])
    assert targets.tolist() == [[11], [13]]


def test_the_default_example_scheme_goes_through_all_examples(path):
    dataset = H5PYDataset(path, ("valid",))

    assert isinstance(dataset.example_iteration_scheme, SequentialExampleScheme)
    assert [int(target[0]) for _, target in dataset.get_example_stream().get_epoch_iterator()] == [
        10, 11, 12, 13, 14, 15,
    ]  # fmt: skip


FORKING = """
import os, sys
from fuel.datasets import H5PYDataset
dataset = H5PYDataset(sys.argv[1], ("train",), sources=("targets", "features"))
before = [part.tolist() for part in dataset.get_data(request=[5, 2])]
child = os.fork()
same = [part.tolist() for part in dataset.get_data(request=[5, 2])] == before
if child == 0:
    os._exit(0 if same else 1)
sys.exit(os.waitpid(child, 0)[1] or not same)
"""


def test_a_data_set_is_read_right_on_both_sides_of_a_fork(any_path):
    subprocess.run([sys.executable, "-c", FORKING, str(any_path)], check=True, timeout=60)


@pytest.mark.parametrize("load_in_memory", [False, True])
def test_a_stream_of_a_file_resumes_at_every_point(any_path, load_in_memory):
    def make():
        dataset = H5PYDataset(any_path, ("train",), load_in_memory=load_in_memory)
        return DataStream(dataset, ShuffledScheme(dataset.num_examples, 4, seed=2))

    check_resumable(make, abandon=(None, 2))


TABLE = H5PYDataset.create_split_array({"train": {"features": (0, 14), "targets": (0, 14)}})


def changed(**columns):
    table = TABLE.copy()
    for name, value in columns.items():
        table[name] = value
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (5, "no table"),
        ("train", "no table"),
        (np.arange(3), "no table"),
        (h5py.Empty("f"), "no table"),
        (np.zeros(2, [("split", "S5"), ("source", "S8")]), "no table"),
        (changed(source=b"labels"), "names the source 'labels', but there is no such data set"),
        (changed(source=b"\xff"), "names the source"),
        (changed(stop=40), "gives 'features' of 'train' rows that are not there"),
        (changed(start=8, stop=4), "gives 'features' of 'train' rows that are not there"),
        (changed(start=-1), "gives 'features' of 'train' rows that are not there"),
    ],
)
def test_a_split_attribute_that_makes_no_sense_is_refused_with_the_file_named(path, table, message):
    with h5py.File(path, "r+") as file:
        file.attrs["split"] = table

    with pytest.raises(ValueError, match=rf"data\.hdf5 .*{message}"):
        H5PYDataset(path, ("train",))


def test_a_split_by_indices_that_are_gone_is_refused(path):
    with h5py.File(path, "r+") as file:
        file["rows"] = np.array([1, 5])
        reference = file["rows"].ref
        file.attrs["split"] = H5PYDataset.create_split_array(
            {"train": {"features": (0, 0, reference)}}
        )
        del file["rows"]

    with pytest.raises(ValueError, match="gives 'features' of 'train' rows that are not there"):
        H5PYDataset(path, ("train",))


@pytest.mark.parametrize("kind", ["group", "scalar"])
def test_a_source_that_is_no_data_set_of_examples_is_refused(path, kind):
    with h5py.File(path, "r+") as file:
        del file["targets"]
        if kind == "group":
            file.create_group("targets")
        else:
            file["targets"] = 3.0

    with pytest.raises(ValueError, match="no data set with examples of this name"):
        H5PYDataset(path, ("train",))


def test_damage_that_is_found_is_an_error_that_names_the_file(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"DIMENSION_LABELS") - 8] ^= 1  # the version of the attribute's format
    path.write_bytes(content)

    with pytest.raises(OSError, match=r"data\.hdf5 is damaged: .*; download or convert it anew"):
        H5PYDataset(path, ("train",))


def test_a_subset_that_is_a_number_is_refused_with_the_cure(path):
    with pytest.raises(TypeError, match=r"not by 5; the first ones are slice\(0, count\)"):
        H5PYDataset(path, ("train",), subset=5)


def test_a_source_is_named_once(path):
    with pytest.raises(ValueError, match="name one twice"):
        H5PYDataset(path, ("train",), sources=("targets", "targets"))


def test_a_place_does_not_fit_other_rows_of_the_same_number(path):
    streams = [
        DataStream(
            H5PYDataset(path, ("train",), subset=subset), iteration_scheme=SequentialScheme(4, 2)
        )
        for subset in (slice(0, 4), slice(1, 5), [0, 2, 3, 4], [0, 1, 3, 4])
    ]

    for stream in streams:
        for other in streams:
            if stream is not other:
                with pytest.raises(StateMismatchError, match="4 examples"):
                    stream.load_state_dict(other.state_dict())


@pytest.mark.parametrize("locking", [None, True, "best-effort"])
def test_a_file_that_the_program_has_open_with_locking_can_be_read(tmp_path, locking):
    path = tmp_path / "open.hdf5"
    with create_hdf5(path) as h5file:
        fill_hdf5_file(h5file, [("train", "x", np.arange(5))])

    with h5py.File(path, locking=locking):
        (batch,) = H5PYDataset(path, ("train",)).get_data(None, [3, 1])

    np.testing.assert_array_equal(batch, [3, 1])


def test_an_unpickled_stream_opens_its_file_only_when_data_is_asked_for(path):
    stream = Cast(
        DataStream(H5PYDataset(path, ("train",)), iteration_scheme=SequentialScheme(14, 5)), "f4"
    )
    next(stream.get_epoch_iterator())
    saved = pickle.dumps(stream)

    moved = path.rename(path.with_suffix(".elsewhere"))
    restored = pickle.loads(saved)
    with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
        next(restored.get_epoch_iterator())

    moved.rename(path)
    features, _ = next(pickle.loads(saved).get_epoch_iterator())
    np.testing.assert_array_equal(features, FEATURES[5:10])
