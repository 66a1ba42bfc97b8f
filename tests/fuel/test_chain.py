import copy

import h5py
import numpy as np
import pytest

from fuel._requests import next_request
from fuel._streams._chain import Chain, obstacle, root
from fuel._streams._context import Place
from fuel.datasets import Dataset, H5PYDataset, IndexableDataset, IterableDataset
from fuel.schemes import ConstantScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import (
    Batch,
    Cast,
    FilterSources,
    Flatten,
    Mapping,
    Rename,
    ScaleAndShift,
    Transformer,
)

X = np.arange(240, dtype=np.uint8).reshape(20, 3, 4)
Y = np.arange(20, dtype=np.int64).reshape(20, 1)
PLACE = Place(seed=1, epoch=0, step=0)


@pytest.fixture(params=["memory", "file"])
def dataset(request, tmp_path):
    if request.param == "memory":
        return IndexableDataset({"x": X, "y": Y})
    with h5py.File(tmp_path / "f", "w") as file:
        file["x"], file["y"] = X, Y
        splits = {"all": {"x": (0, 20), "y": (0, 20)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)
    return H5PYDataset(tmp_path / "f", ("all",))


class Shifted(Transformer):
    """Adds a number that depends on the place and on the examples."""

    uses_place = True

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)

    def apply(self, data, context):
        seed, epoch, step = context.place
        first = np.atleast_1d(data[1])[0]
        return (data[0] + (100 * seed + 10 * epoch + step) + first, *data[1:])


def stream_of(dataset):
    stream = DataStream(dataset, ShuffledScheme(20, 6, seed=4))
    stream = ScaleAndShift(stream, 0.5, 1, which_sources=("x",), dtype="float32")
    stream = Mapping(Flatten(Rename(stream, {"x": "features"})), lambda b: (b[1] * 2,), ("twice",))
    return Shifted(FilterSources(stream, ("features", "twice")))


def test_a_chain_computes_the_items_of_its_stream_in_any_order(dataset):
    stream, plan = stream_of(dataset), root(stream_of(dataset))
    chain = Chain.of(stream)
    for epoch in range(2):
        items = list(stream.get_epoch_iterator())
        requests = list(plan.get_epoch_iterator().request_iterator)
        for step in reversed(range(len(requests))):
            found = chain(requests[step], Place(4, epoch, step))
            for one, other in zip(found, items[step], strict=True):
                assert one.dtype == other.dtype
                assert np.array_equal(one, other)


def test_a_chain_takes_requests_in_their_fastest_form(dataset):
    chain = Chain.of(DataStream(dataset, SequentialScheme(20, 6)))

    x, _ = chain(np.array([7, 3]), PLACE)

    assert np.array_equal(x, X[[7, 3]])
    assert np.array_equal(chain(slice(2, 5), PLACE)[1], Y[2:5])


def test_the_place_of_a_consumer_that_computes_elsewhere_is_kept_by_the_iterator(dataset):
    stream, straight = stream_of(dataset), stream_of(dataset)
    chain, plan = Chain.of(stream), root(stream)
    wanted = list(straight.get_epoch_iterator())
    iterator = plan.get_epoch_iterator()
    ahead = [next_request(iterator.request_iterator) for _ in range(4)]

    for step in range(2):
        chain(ahead[step], Place(4, plan.epoch - 1, step))
        iterator.mark_delivered(step + 1)
    state = stream.state_dict()
    iterator.mark_delivered(4)
    iterator.mark_finished()
    ended = stream.state_dict()

    resumed = stream_of(dataset)
    resumed.load_state_dict(state)
    for one, other in zip(resumed.get_epoch_iterator(), wanted[2:], strict=True):
        assert np.array_equal(one[0], other[0])
    list(iterator)
    straight_state = straight.state_dict()
    assert ended == straight_state


class Slot:
    """Memory that results are to be written to, as a worker's."""

    def __init__(self):
        self.memory = np.zeros(4096, np.uint8)
        self.used = 0
        self.sources = []

    def __call__(self, source, shape, dtype):
        self.sources.append(source)
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        place = self.memory[self.used : self.used + size]
        self.used += -(-size // 64) * 64
        return place.view(dtype).reshape(shape)


def holds(slot, array):
    return np.shares_memory(slot.memory, array)


def test_the_last_operation_on_a_source_writes_into_the_memory_given(dataset):
    stream = Flatten(ScaleAndShift(DataStream(dataset, SequentialScheme(20, 6)), 0.5, 1, ("x",)))
    slot = Slot()

    x, y = Chain.of(stream)([5, 2], PLACE, slot)

    assert holds(slot, x)
    assert holds(slot, y)
    assert sorted(slot.sources) == ["x", "y"]
    assert np.array_equal(x, X[[5, 2]].reshape(2, -1) * 0.5 + 1)
    assert np.array_equal(y, Y[[5, 2]])


def test_memory_is_found_under_new_names_and_not_spent_on_sources_dropped(dataset):
    stream = Rename(DataStream(dataset, SequentialScheme(20, 6)), {"x": "features"})
    stream = FilterSources(Cast(stream, "float32", ("features",)), ("features",))
    slot = Slot()

    (features,) = Chain.of(stream)(slice(0, 4), PLACE, slot)

    assert holds(slot, features)
    assert slot.sources == ["features"]


def test_no_memory_is_spent_on_what_a_users_function_will_replace(dataset):
    stream = Mapping(DataStream(dataset, SequentialScheme(20, 6)), lambda b: (b[0] + 1, b[1]))
    slot = Slot()

    x, _ = Chain.of(stream)([5, 2], PLACE, slot)

    assert slot.used == 0
    assert np.array_equal(x, X[[5, 2]] + 1)


def test_a_copied_chain_computes_the_same(dataset):
    chain = Chain.of(Flatten(DataStream(dataset, SequentialScheme(20, 6))))
    chain([1], PLACE)

    copied = copy.deepcopy(chain)
    chain.close()

    assert np.array_equal(copied([3], PLACE)[0], X[[3]].reshape(1, -1))


class Drawing(Transformer):
    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.rng = np.random.default_rng(1)

    def transform_batch(self, batch):
        return batch


class Overriding(Transformer):
    def get_data(self, request=None):
        return next(self.child_epoch_iterator)


class Moving(Dataset):
    provides_sources = ("data",)

    def open(self):
        return [0]

    def get_data(self, state=None, request=None):
        state[0] += 1
        return (state[0],)


class OwnStream(DataStream):
    def get_data(self, request=None):
        return super().get_data(request)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda s: Drawing(s), "Drawing keeps something"),
        (lambda s: Flatten(Overriding(s, False)), "Overriding takes its items by itself"),
        (lambda s: DataStream(IterableDataset([1])), "there is no scheme"),
        (lambda s: DataStream(Moving(), SequentialScheme(3, 1)), "Moving has a state"),
        (lambda s: OwnStream(s.dataset, SequentialScheme(3, 1)), "OwnStream does not take"),
        (
            lambda s: Batch(s.dataset.get_example_stream(), ConstantScheme(3)),
            "Batch keeps something",
        ),
    ],
)
def test_a_stream_that_cannot_be_split_says_why(make, reason):
    stream = make(DataStream(IndexableDataset(X), SequentialScheme(20, 6)))

    assert reason in obstacle(stream)
    with pytest.raises(ValueError, match=reason):
        Chain.of(stream)


def test_a_users_plain_transformer_can_be_split(dataset):
    class Own(Transformer):
        def transform_batch(self, batch):
            return batch

    assert obstacle(Own(DataStream(dataset, SequentialScheme(20, 6)), False)) is None
