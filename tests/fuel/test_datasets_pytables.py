import copy

import h5py
import numpy as np
import pytest

from fuel.datasets.hdf5 import PytablesDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import MultiProcessing

FEATURES = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
TARGETS = np.arange(30, dtype=np.uint8).reshape(30, 1)
WORDS = [np.arange(length, dtype=np.int32) for length in (3, 0, 5)] * 10


@pytest.fixture(params=["plain", "packed"])
def path(tmp_path, request):
    """A file as PyTables lays it out: arrays in a group, class and version in attributes."""
    options = {"chunks": (8, 4), "compression": "gzip", "shuffle": True}
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.attrs["PYTABLES_FORMAT_VERSION"] = np.bytes_(b"2.1")
        group = file.create_group("Data")
        group.attrs["CLASS"] = np.bytes_(b"GROUP")
        packing = options if request.param == "packed" else {}
        group.create_dataset("X", data=FEATURES, **packing).attrs["CLASS"] = np.bytes_(b"CARRAY")
        group["y"] = TARGETS
        group.create_dataset("words", (30,), h5py.vlen_dtype(np.int32))
        for place, word in enumerate(WORDS):
            group["words"][place] = word
        file.create_group("Other")["X"] = FEATURES[:5]
    return tmp_path / "data.h5"


def test_a_request_gives_a_list_with_the_rows_of_each_array(path):
    dataset = PytablesDataset(path, ("X", "y"))

    for request in (slice(3, 9), [7, 2, 2], np.array([29, 0])):
        data = dataset.get_data(request=request)
        assert type(data) is list
        assert np.array_equal(data[0], FEATURES[request])
        assert np.array_equal(data[1], TARGETS[request])
    assert dataset.num_examples == 30


def test_sources_may_be_called_otherwise_than_the_arrays(path):
    dataset = PytablesDataset(path, ("features", "targets"), sources_in_file=("X", "y"))

    assert dataset.sources == ("features", "targets")
    assert np.array_equal(dataset.get_data(request=[1])[0], FEATURES[[1]])


def test_requests_count_from_start_and_end_at_stop(path):
    dataset = PytablesDataset(path, ("y",), start=5, stop=9)

    assert dataset.num_examples == 4
    assert dataset.get_data(request=slice(0, 4))[0].ravel().tolist() == [5, 6, 7, 8]
    assert dataset.get_data(request=[3, 0])[0].ravel().tolist() == [8, 5]
    with pytest.raises(ValueError, match="examples 0 to 3"):
        dataset.get_data(request=[4])


def test_arrays_may_lie_under_another_node(path):
    assert PytablesDataset(path, ("X",), data_node="Other").num_examples == 5


def test_arrays_of_variable_length_give_object_arrays(path):
    (words,) = PytablesDataset(path, ("words",)).get_data(request=[2, 0, 1])

    assert words.dtype == object
    assert [word.tolist() for word in words] == [[0, 1, 2, 3, 4], [0, 1, 2], []]


@pytest.mark.parametrize("request_", [3, None, "ab", [], [-1], slice(0, 31), [30]])
def test_other_requests_are_refused(path, request_):
    with pytest.raises(ValueError, match=r"request|indices"):
        PytablesDataset(path, ("X",)).get_data(request=request_)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sources": ("Z",)}, r"no array /Data/Z, only X, words, y"),
        ({"sources": ("X",), "data_node": "Nothing"}, r"no array /Nothing/X, only Data, Other"),
        ({"sources": ("X",), "stop": 31}, r"stop=31 do not fit the 30 examples of /Data/X"),
        ({"sources": ("X",), "start": 30}, r"start=30 and stop=30"),
        ({"sources": ("X", "y"), "sources_in_file": ("X",)}, r"one for each of the sources"),
        ({"sources": ()}, r"sources is empty"),
    ],
)
def test_arrays_that_are_not_there_are_refused(path, arguments, message):
    with pytest.raises(ValueError, match=message):
        PytablesDataset(path, **arguments)


def test_a_filter_that_is_not_there_is_named_with_what_has_it(tmp_path):
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((8, 4))
    creation.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (2, 2))
    with h5py.File(tmp_path / "data.h5", "w") as file:
        group, space = file.create_group("Data").id, h5py.h5s.create_simple((8, 4))
        array = h5py.h5d.create(group, b"X", h5py.h5t.NATIVE_FLOAT, space, creation)
        array.write_direct_chunk((0, 0), b"packed elsewhere")
    dataset = PytablesDataset(tmp_path / "data.h5", ("X",))

    with pytest.raises(OSError, match=r"'Data/X' .* filter 32001.* install hdf5plugin"):
        dataset.get_data(request=[0])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.h5"):
        PytablesDataset(tmp_path / "absent.h5", ("X",))


def test_a_closed_data_set_opens_itself_again(path):
    dataset = PytablesDataset(path, ("X",))
    dataset.load()

    dataset.close_file()

    assert np.array_equal(dataset.get_data(request=[4, 1])[0], FEATURES[[4, 1]])


def test_another_file_can_be_opened(path, tmp_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file.create_group("Data")["X"] = FEATURES + 1
    dataset = PytablesDataset(path, ("X",), start=2)

    dataset.open_file(other)

    assert np.array_equal(dataset.get_data(request=[0])[0], FEATURES[[2]] + 1)


def test_a_copy_reads_again_and_carries_no_data(path):
    dataset = PytablesDataset(path, ("X",))
    dataset.get_data(request=[0])

    copied = copy.deepcopy(dataset)

    assert not any(isinstance(value, np.ndarray) for value in dataset.__getstate__().values())
    assert np.array_equal(copied.get_data(request=[4, 1])[0], FEATURES[[4, 1]])


def test_a_stream_of_it_resumes_at_every_point(path):
    def make():
        dataset = PytablesDataset(path, ("X", "y"))
        return DataStream(dataset, iteration_scheme=ShuffledScheme(30, 8, seed=1))

    check_resumable(make, abandon=(None, 2))


def test_worker_processes_read_it_too(path):
    def make():
        dataset = PytablesDataset(path, ("X", "words"))
        return DataStream(dataset, iteration_scheme=ShuffledScheme(30, 8, seed=1))

    stream = MultiProcessing(make())
    found = list(stream.get_epoch_iterator())
    stream.close()

    for item, wanted in zip(found, make().get_epoch_iterator(), strict=True):
        assert np.array_equal(item[0], wanted[0])
        assert [word.tolist() for word in item[1]] == [word.tolist() for word in wanted[1]]
