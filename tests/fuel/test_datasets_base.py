import math

import numpy as np
import pytest

from fuel.datasets import Dataset, IndexableDataset, IterableDataset
from fuel.schemes import ConstantScheme, SequentialExampleScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import Cast, MultiProcessing, ScaleAndShift


@pytest.fixture
def dataset():
    return IndexableDataset(
        {"features": np.arange(20).reshape(10, 2), "names": list("abcdefghij")},
        axis_labels={"features": ("batch", "feature"), "names": None},
    )


@pytest.mark.parametrize(
    ("request_", "rows"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(1, 8, 3), [1, 4, 7]),
        ([3, 4, 5], [3, 4, 5]),
        ([7, 0, 7], [7, 0, 7]),
        ((2, 1), [2, 1]),
        (np.array([9, 3]), [9, 3]),
        (np.array([2, 3], dtype=np.uint8), [2, 3]),
    ],
)
def test_a_request_for_several_examples_gives_those(dataset, request_, rows):
    features, names = dataset.get_data(request=request_)

    assert features.tolist() == [[2 * row, 2 * row + 1] for row in rows]
    assert names == ["abcdefghij"[row] for row in rows]


@pytest.mark.parametrize("index", [3, np.int64(3)])
def test_a_request_for_one_example_has_no_batch_axis(dataset, index):
    features, name = dataset.get_data(request=index)

    assert features.tolist() == [6, 7]
    assert name == "d"


@pytest.mark.parametrize(
    "request_",
    [
        None,
        [],
        [-1],
        [10],
        -1,
        10,
        slice(5, 11),
        slice(3, 3),
        slice(-3, 2),
        1.5,
        "ab",
        [0.5],
        [True],
    ],
)
def test_a_request_that_is_not_of_examples_is_refused(dataset, request_):
    with pytest.raises(ValueError, match=r"request|indices"):
        dataset.get_data(request=request_)


def test_an_indexable_dataset_has_no_state(dataset):
    with pytest.raises(ValueError, match="has no state"):
        dataset.get_data(state=1, request=[1])


@pytest.mark.parametrize("request_", [3, slice(2, 5), [2, 3, 4], [4, 1]])
def test_changing_a_batch_does_not_change_the_data(request_):
    array = np.arange(20).reshape(10, 2)
    (batch,) = IndexableDataset(array).get_data(request=request_)

    batch += 100

    assert np.array_equal(array, np.arange(20).reshape(10, 2))


def test_arrays_are_not_copied_when_the_data_set_is_made():
    array = np.arange(20).reshape(10, 2)

    assert IndexableDataset({"features": array}).features is array
    assert np.shares_memory(IndexableDataset(array, start=2).indexables[0], array)


@pytest.mark.parametrize("named", [True, False])
def test_start_and_stop_are_applied_once(named):
    array = np.arange(10)
    dataset = IndexableDataset({"data": array} if named else array, start=2, stop=8)

    assert dataset.num_examples == 6
    assert dataset.get_data(request=[0, 5])[0].tolist() == [2, 7]
    assert dataset.data.tolist() == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("start", "stop"), [(0, 11), (-1, 5), (10, 10), (5, 3)])
def test_start_and_stop_must_lie_within_the_data(start, stop):
    with pytest.raises(ValueError, match="10 examples"):
        IndexableDataset(np.arange(10), start=start, stop=stop)


def test_sources_are_given_in_the_order_asked_for(dataset):
    chosen = IndexableDataset({"a": [1], "b": [2], "c": [3]}, sources=("c", "a"))

    assert chosen.sources == ("c", "a")
    assert chosen.get_data(request=0) == (3, 1)


@pytest.mark.parametrize("sources", [("x",), ()])
@pytest.mark.parametrize("kind", [IndexableDataset, IterableDataset])
def test_sources_must_be_provided(kind, sources):
    with pytest.raises(ValueError, match="provides"):
        kind({"a": [1]}, sources=sources)


def test_containers_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"differ in length: \{'a': 1, 'b': 2\}"):
        IndexableDataset({"a": [1], "b": [1, 2]})


@pytest.mark.parametrize("container", ["abcdef", b"abcdef", range(6), (1, 2, 3, 4, 5, 6)])
@pytest.mark.parametrize("scheme", [SequentialScheme, ShuffledScheme])
def test_batches_of_pythons_sequences_are_lists(container, scheme):
    requests = list(scheme(6, 4).get_request_iterator())
    stream = DataStream(IndexableDataset(container), iteration_scheme=scheme(6, 4))

    batches = [batch for (batch,) in stream.get_epoch_iterator()]

    assert batches == [[container[place] for place in request] for request in requests]


def test_a_container_may_take_single_indices_only():
    class Squares:
        def __len__(self):
            return 6

        def __getitem__(self, index):
            if not isinstance(index, int):
                raise TypeError("one at a time")
            return index**2

    dataset = IndexableDataset(Squares())

    assert dataset.get_data(request=slice(1, 4)) == ([1, 4, 9],)
    assert dataset.get_data(request=[5, 0]) == ([25, 0],)
    assert dataset.get_data(request=3) == (9,)


def test_arrays_in_any_memory_order_are_gathered_right():
    array = np.asfortranarray(np.arange(24).reshape(6, 4))

    (batch,) = IndexableDataset(array[:, ::2]).get_data(request=[5, 0])

    assert batch.tolist() == [[20, 22], [0, 2]]


def test_the_example_stream_gives_one_example_after_the_other(dataset):
    stream = dataset.get_example_stream()

    assert stream.produces_examples
    assert [name for _, name in stream.get_epoch_iterator()] == list("abcdefghij")
    assert stream.axis_labels == {"features": ("feature",), "names": None}


def test_a_dataset_of_a_user_filters_sources_in_the_order_provided():
    class Own(Dataset):
        provides_sources = ("a", "b", "c")

        def get_data(self, state=None, request=None):
            return self.filter_sources((1, 2, 3))

    assert Own(sources=("c", "a")).get_data() == (1, 3)


def test_a_dataset_need_not_call_the_constructor_of_its_base_class():
    class Halves(IterableDataset):
        provides_sources = ("number",)

        def __init__(self):
            self.halves = [[1, 2, 3], [4, 5]]

        def open(self):
            return 0, iter(self.halves[0])

        def next_epoch(self, state):
            half = 1 - state[0]
            return half, iter(self.halves[half])

        def get_data(self, state=None, request=None):
            return ([next(state[1]) for _ in range(request)],)

    stream = DataStream(Halves(), iteration_scheme=ConstantScheme(1))

    epochs = [[item for (item,) in stream.get_epoch_iterator()] for _ in range(3)]

    assert epochs == [[[1], [2], [3]], [[4], [5]], [[1], [2], [3]]]
    assert stream.sources == ("number",)
    assert stream.axis_labels is None


def test_a_dataset_without_example_scheme_says_so():
    class Own(Dataset):
        provides_sources = ("a",)

        def get_data(self, state=None, request=None):
            return (request,)

    with pytest.raises(AttributeError, match="example_iteration_scheme"):
        Own().get_example_stream()


def test_a_dataset_may_name_its_example_scheme_in_the_class():
    scheme = SequentialExampleScheme(2)

    class Own(Dataset):
        provides_sources = ("a",)
        _example_iteration_scheme = scheme

        def get_data(self, state=None, request=None):
            return (request,)

    assert Own().example_iteration_scheme is scheme
    assert list(Own().get_example_stream().get_epoch_iterator()) == [(0,), (1,)]


def test_a_dataset_must_provide_sources():
    class Own(Dataset):
        def get_data(self, state=None, request=None):
            return (request,)

    with pytest.raises(ValueError, match="Own provides no sources"):
        Own()


def test_default_transformers_wrap_the_default_stream_in_turn():
    class Own(IndexableDataset):
        default_transformers = ((ScaleAndShift, [2, 1], {}), (Cast, ["float32"], {}))

    stream = DataStream.default_stream(Own(np.arange(4)), iteration_scheme=SequentialScheme(4, 4))

    (batch,) = next(stream.get_epoch_iterator())
    assert batch.tolist() == [1, 3, 5, 7]
    assert batch.dtype == np.float32


def test_default_transformers_leave_out_sources_that_were_not_asked_for():
    class Examples(IterableDataset):
        default_transformers = ((ScaleAndShift, [2, 0], {"which_sources": ("a", "b")}),)

    streams = [
        DataStream.default_stream(Examples({"a": [1], "b": [2], "c": [3]}, sources=sources))
        for sources in (("a", "c"), ("c",))
    ]

    assert [next(stream.get_epoch_iterator()) for stream in streams] == [(2, 3), (3,)]


def test_iterables_go_in_step_until_the_shortest_ends():
    dataset = IterableDataset({"a": (i for i in (1, 2, 3)), "b": "xy"})

    assert list(DataStream(dataset).get_epoch_iterator()) == [(1, "x"), (2, "y")]


def test_iterables_that_know_their_length_have_the_same():
    with pytest.raises(ValueError, match="differ in length: {'a': 3, 'b': 2}"):
        IterableDataset({"a": [1, 2, 3], "b": "xy"})
    assert IterableDataset({"a": [1, 2, 3], "b": "xy"}, sources=("b",)).num_examples == 2


@pytest.mark.parametrize("iterables", [None, 3, {"data": None}])
def test_what_cannot_be_iterated_over_is_refused(iterables):
    with pytest.raises(ValueError, match="source 'data' is .* cannot be iterated over"):
        IterableDataset(iterables)


def test_what_python_iterates_over_by_index_is_an_iterable():
    class Squares:
        def __getitem__(self, index):
            return [0, 1, 4][index]

    assert list(DataStream(IterableDataset(Squares())).get_epoch_iterator()) == [(0,), (1,), (4,)]


def test_an_iterable_without_name_is_the_source_data():
    dataset = IterableDataset([1, 2])

    assert dataset.sources == ("data",)
    assert dataset.num_examples == 2


def test_the_number_of_examples_of_a_generator_is_not_known():
    assert math.isnan(IterableDataset(i for i in range(3)).num_examples)


@pytest.mark.parametrize(("opened", "request_"), [(False, None), (True, [1])])
def test_an_iterable_dataset_takes_a_state_and_no_request(opened, request_):
    dataset = IterableDataset([1, 2])

    with pytest.raises(ValueError, match="Batch"):
        dataset.get_data(dataset.open() if opened else None, request_)


def test_a_generator_is_good_for_one_epoch_and_says_so_in_the_next():
    stream = DataStream(IterableDataset(i for i in range(3)))
    assert list(stream.get_epoch_iterator()) == [(0,), (1,), (2,)]

    with pytest.raises(ValueError, match="once only"):
        stream.get_epoch_iterator()


def test_iterables_are_resumed_by_skipping():
    check_resumable(
        lambda: DataStream(IterableDataset({"a": range(5), "b": "vwxyz"})), abandon=(2,)
    )


class Countdown:
    """An iterator that knows its place, over data too long to skip."""

    def __init__(self):
        self.place = 0
        self.steps = 0

    def __iter__(self):
        return Countdown()

    def __next__(self):
        if self.place >= 10**9 + 4:
            raise StopIteration
        self.steps += 1
        assert self.steps < 10, "it was to be placed, not to be wound forward"
        self.place += 1
        return self.place

    def state_dict(self):
        return {"place": self.place}

    def load_state_dict(self, state):
        self.place = state["place"]


@pytest.mark.parametrize("make", [lambda data: Cast(data, "float32"), MultiProcessing])
def test_a_data_set_in_place_of_a_stream_is_told_what_to_give(dataset, make):
    with pytest.raises(TypeError, match=r"IndexableDataset is a data set.* give DataStream\("):
        make(dataset)


def test_an_iterator_that_offers_its_state_is_resumed_without_skipping():
    stream, resumed = (
        DataStream(IterableDataset(Countdown())),
        DataStream(IterableDataset(Countdown())),
    )
    iterator = stream.get_epoch_iterator()
    next(iterator)
    state = stream.state_dict()
    state["dataset"] = {"iterators": [{"place": 10**9}]}

    resumed.load_state_dict(state)

    assert list(resumed.get_epoch_iterator()) == [(10**9 + n,) for n in (1, 2, 3, 4)]
