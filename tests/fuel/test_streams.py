import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_sum import RunningSum

from fuel import config
from fuel.datasets import Dataset, IndexableDataset, IterableDataset
from fuel.exceptions import StateMismatchError
from fuel.iterator import DataIterator
from fuel.schemes import (
    BalancedScheme,
    ChunkShuffledScheme,
    ConcatenatedScheme,
    ConstantScheme,
    SampledScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShardedScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from fuel.streams import AbstractDataStream, DataStream
from fuel.testing import check_resumable, through_json
from fuel.transformers import Batch, Flatten, Mapping, Transformer

X = np.arange(44, dtype=np.uint8).reshape(11, 4)
Y = np.arange(11)


def dataset():
    return IndexableDataset({"x": X, "y": Y}, axis_labels={"x": ("batch", "feature"), "y": None})


class Noise(Transformer):
    """A user's transformer that draws from a generator of its own."""

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.rng = np.random.default_rng(3)

    def transform_batch(self, batch):
        return (batch[0] + self.rng.standard_normal(batch[0].shape), *batch[1:])

    transform_example = transform_batch


class Growing(Dataset):
    """A user's data set whose epochs get longer, all by its state."""

    provides_sources = ("data",)

    def open(self):
        return {"epoch": 1, "place": 0}

    def next_epoch(self, state):
        return {"epoch": state["epoch"] + 1, "place": 0}

    def get_data(self, state=None, request=None):
        if state["place"] == state["epoch"]:
            raise StopIteration
        state["place"] += 1
        return (10 * state["epoch"] + state["place"],)


SCHEMES = {
    "sequential": lambda: SequentialScheme(11, 3),
    "of indices": lambda: SequentialScheme([3, 1, 4, 1, 5], 2),
    "shuffled": lambda: ShuffledScheme(11, 3),
    "shuffled by rng": lambda: ShuffledScheme(11, 4, rng=np.random.default_rng(5)),
    "seeded": lambda: ShuffledScheme(11, 3, seed=5),
    "seeded and sorted": lambda: ShuffledScheme(11, 3, None, True, seed=5),
    "examples": lambda: SequentialExampleScheme(4),
    "shuffled examples": lambda: ShuffledExampleScheme(5),
    "seeded examples": lambda: ShuffledExampleScheme(5, seed=2),
    "concatenated": lambda: ConcatenatedScheme(
        [ShuffledScheme(5, 2), ShuffledScheme(7, 2, seed=1)]
    ),
    "declared": lambda: ShuffledScheme(11, 3, seed=5, examples_per_epoch=7),
    "computed": lambda: ShuffledScheme(11, 3, seed=5, constant_memory=True),
    "dropping": lambda: ShuffledScheme(11, 3, drop_last=True),
    "sampled": lambda: SampledScheme(11, 3, weights=range(11), seed=5),
    "balanced": lambda: BalancedScheme([0, 1, 1] * 3 + [0, 1], 3, seed=5),
    "chunk-aware": lambda: ChunkShuffledScheme(11, 3, chunk_size=2, chunks_in_pool=2, seed=5),
    "shard": lambda: ShardedScheme(ShuffledScheme(11, 2), 1, 2),
}
STREAMS = {
    **{name: lambda make=make: DataStream(dataset(), make()) for name, make in SCHEMES.items()},
    "iterable": lambda: DataStream(IterableDataset({"x": list(X[:5])})),
    "growing": lambda: DataStream(Growing()),
    "declared iterable": lambda: DataStream(
        IterableDataset({"x": list(X[:5])}), examples_per_epoch=4
    ),
    "shard of an iterable": lambda: DataStream(IterableDataset({"x": list(X[:5])})).shard(1, 2),
    "shard of flat": lambda: Flatten(DataStream(dataset(), ShuffledScheme(11, 2, seed=1))).shard(
        0, 2
    ),
    "shard of noisy": lambda: Noise(DataStream(dataset(), ShuffledScheme(11, 2, seed=1))).shard(
        1, 2, even=True
    ),
    "flat": lambda: Flatten(DataStream(dataset(), ShuffledScheme(11, 3, seed=1))),
    "mapped": lambda: Mapping(DataStream(dataset(), ShuffledScheme(11, 3)), tuple),
    "noisy": lambda: Flatten(Noise(DataStream(dataset(), ShuffledScheme(11, 3, seed=1)))),
    "summed": lambda: Noise(RunningSum(DataStream(dataset(), ShuffledScheme(11, 3)))),
    "batched": lambda: Batch(DataStream(IterableDataset({"x": list(X[:7])})), ConstantScheme(3)),
    "batched, some": lambda: Batch(
        DataStream(IterableDataset({"x": list(X[:7])})), ConstantScheme(2, times=2)
    ),
    "batched, dropping": lambda: Flatten(
        Batch(DataStream(IterableDataset({"x": list(X[:7])})), ConstantScheme(3), strictness=1)
    ),
    "batched shuffled": lambda: Batch(
        Noise(DataStream(dataset(), ShuffledExampleScheme(7))), ConstantScheme(3)
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_resumes_at_every_point(name):
    check_resumable(STREAMS[name], epochs=3)


@given(
    name=st.sampled_from(sorted(STREAMS)),
    abandon=st.lists(st.none() | st.integers(0, 4), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_every_stream_resumes_at_every_point_though_epochs_are_abandoned(name, abandon):
    check_resumable(STREAMS[name], epochs=4, abandon=abandon)


def plain(item):
    return json.dumps(item, default=lambda array: array.tolist())


@given(
    name=st.sampled_from(sorted(STREAMS)),
    acts=st.lists(st.sampled_from(["next", "next", "next", "epoch", "reset"]), max_size=25),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_peeking_and_restoring_change_nothing_that_comes_later(name, acts, data):
    def run(disturb):
        stream = STREAMS[name]()
        iterator, seen = None, []
        for number, act in enumerate(acts):
            if disturb and data.draw(st.booleans(), label=f"peek before {number}"):
                stream.peek()
            if disturb and data.draw(st.booleans(), label=f"restore before {number}"):
                state = through_json(stream.state_dict())
                inside = iterator is not None
                other = STREAMS[name]()
                other.load_state_dict(state)
                stream = other
                iterator = stream.get_epoch_iterator() if inside else None
            if act == "reset":
                stream.reset()
                iterator = None
            elif act == "epoch" or iterator is None:
                iterator = stream.get_epoch_iterator()
                seen.append("epoch")
            elif (item := next(iterator, None)) is None:
                iterator = None
                seen.append("end")
            else:
                seen.append(plain(item))
        return seen

    assert run(disturb=True) == run(disturb=False)


@pytest.mark.parametrize("name", STREAMS)
def test_peek_gives_the_item_that_comes_next_and_again(name):
    stream = STREAMS[name]()
    for _ in range(2):
        peeked = [stream.peek(), stream.peek()]
        iterator = stream.get_epoch_iterator(as_dict=True)
        assert plain(peeked) == plain([first := next(iterator)] * 2)
        assert list(first) == list(stream.sources)
        for _ in iterator:
            following = stream.peek()
            assert plain(following) == plain(stream.peek())


def test_peeking_at_the_end_of_an_epoch_gives_the_first_of_the_next():
    stream = DataStream(dataset(), SequentialScheme(4, 2))
    iterator = stream.get_epoch_iterator()
    next(iterator)
    next(iterator)

    assert stream.peek()["y"].tolist() == [0, 1]
    assert list(iterator) == []
    assert len(list(stream.get_epoch_iterator())) == 2


def test_peeking_after_restoring_at_an_end_gives_the_first_of_the_next_epoch():
    stream = DataStream(dataset(), SequentialScheme(4, 4))
    next(stream.get_epoch_iterator())
    resumed = DataStream(dataset(), SequentialScheme(4, 4))
    resumed.load_state_dict(stream.state_dict())

    assert resumed.peek()["y"].tolist() == [0, 1, 2, 3]
    assert list(resumed.get_epoch_iterator()) == []
    assert len(list(resumed.get_epoch_iterator())) == 1


def test_there_is_nothing_to_peek_at_in_an_empty_stream():
    with pytest.raises(ValueError, match="nothing to peek at"):
        DataStream(dataset(), SequentialScheme(0, 2)).peek()


def test_a_generator_loses_nothing_by_being_peeked_into():
    stream = DataStream(IterableDataset(i for i in range(3)))

    assert stream.peek() == {"data": 0}
    assert list(stream.get_epoch_iterator()) == [(0,), (1,), (2,)]


def test_an_item_is_a_tuple_or_a_dictionary_in_the_order_of_the_sources():
    stream = DataStream(dataset(), SequentialScheme(11, 2))

    item = next(stream.get_epoch_iterator())
    named = next(stream.get_epoch_iterator(as_dict=True))

    assert type(item) is tuple
    assert [part.tolist() for part in item] == [X[:2].tolist(), [0, 1]]
    assert {name: part.tolist() for name, part in named.items()} == {
        "x": X[:2].tolist(),
        "y": [0, 1],
    }
    assert list(named) == ["x", "y"]


def test_epochs_follow_each_other_for_ever():
    epochs = DataStream(dataset(), SequentialScheme(5, 2)).iterate_epochs()

    assert [len(list(next(epochs))) for _ in range(10)] == [3] * 10


def test_an_iterator_refuses_to_go_on_when_its_stream_began_another_epoch():
    stream = DataStream(dataset(), SequentialScheme(11, 2))
    old = stream.get_epoch_iterator()
    next(old)
    stream.get_epoch_iterator()

    with pytest.raises(RuntimeError, match="two streams"):
        next(old)


def test_a_finished_iterator_stays_finished():
    stream = DataStream(dataset(), SequentialScheme(2, 2))
    iterator = stream.get_epoch_iterator()
    list(iterator)
    stream.get_epoch_iterator()

    assert list(iterator) == []


def test_two_streams_over_one_data_set_do_not_disturb_each_other():
    shared = dataset()
    one = DataStream(shared, SequentialScheme(4, 2)).get_epoch_iterator()
    other = DataStream(shared, SequentialScheme(4, 2)).get_epoch_iterator()

    pairs = [(a[1].tolist(), b[1].tolist()) for a, b in zip(one, other, strict=True)]

    assert pairs == [([0, 1], [0, 1]), ([2, 3], [2, 3])]


def test_reset_makes_the_next_epoch_a_first_one_for_the_data_set():
    stream = DataStream(Growing())
    assert [len(list(stream.get_epoch_iterator())) for _ in range(3)] == [1, 2, 3]

    stream.reset()

    assert [item for (item,) in stream.get_epoch_iterator()] == [11]


class Recorded(Dataset):
    """Three examples, and a record of what its streams had it do."""

    provides_sources = ("data",)

    def __init__(self):
        super().__init__()
        self.acts = []

    def open(self):
        self.acts.append("open")
        return iter(range(3))

    def next_epoch(self, state):
        self.acts.append("next epoch")
        return iter(range(3))

    def reset(self, state):
        self.acts.append("reset")
        return iter(range(3))

    def close(self, state):
        self.acts.append("close")

    def get_data(self, state=None, request=None):
        return (next(state),)


def test_the_first_epoch_takes_the_data_set_as_it_was_opened_and_each_later_one_the_next():
    recorded = Recorded()
    stream = DataStream(recorded)

    for _ in range(3):
        next(stream.get_epoch_iterator())  # and leave it unfinished

    assert recorded.acts == ["open", "next epoch", "next epoch"]


def test_after_a_reset_the_next_epoch_is_a_fresh_one_again():
    recorded = Recorded()
    stream = DataStream(recorded)
    list(stream.get_epoch_iterator())

    stream.reset()

    assert list(stream.get_epoch_iterator()) == [(0,), (1,), (2,)]
    assert recorded.acts == ["open", "reset"]


def test_an_epoch_that_is_left_unfinished_leaks_nothing_into_the_next():
    stream = DataStream(Recorded())
    next(stream.get_epoch_iterator())

    assert list(stream.get_epoch_iterator()) == [(0,), (1,), (2,)]


def test_the_epoch_of_a_transformer_begins_the_childs_at_once():
    recorded = Recorded()
    stream = Mapping(Mapping(DataStream(recorded), tuple), tuple)
    stream.get_epoch_iterator()

    stream.get_epoch_iterator()

    assert recorded.acts == ["open", "next epoch"]


def test_an_epoch_ends_with_the_requests_or_with_the_data_whichever_is_first():
    class Short(Dataset):
        provides_sources = ("data",)

        def get_data(self, state=None, request=None):
            if request[0] >= 4:
                raise StopIteration
            return (request,)

    by_data = DataStream(Short(), SequentialScheme(10, 2))
    by_requests = DataStream(Short(), SequentialScheme(2, 2))

    assert [list(by_data.get_epoch_iterator()) for _ in range(2)] == [[([0, 1],), ([2, 3],)]] * 2
    assert list(by_requests.get_epoch_iterator()) == [([0, 1],)]


def test_iterating_after_closing_opens_again():
    stream = Flatten(DataStream(dataset(), ShuffledScheme(11, 4, seed=1)))
    first = plain(list(stream.get_epoch_iterator()))
    again = Flatten(DataStream(dataset(), ShuffledScheme(11, 4, seed=1)))

    again.close()

    assert plain(list(again.get_epoch_iterator())) == first
    again.close()
    assert plain(list(again.get_epoch_iterator())) == plain(list(stream.get_epoch_iterator()))


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt, StopIteration])
@pytest.mark.parametrize("fails_at", [0, 1, 3])
@pytest.mark.parametrize("peeked", [False, True])
def test_an_item_that_failed_on_its_way_is_the_next_after_resuming(error, fails_at, peeked):
    def fail(batch):
        if batch[1][0] == 2 * fails_at and failing:
            raise error
        return batch

    def chain():
        inner = Mapping(DataStream(dataset(), SequentialScheme(8, 2)), tuple)
        return Mapping(Flatten(Mapping(inner, fail)), tuple)

    failing = True
    stream = chain()
    iterator = stream.get_epoch_iterator()
    for _ in range(fails_at):
        next(iterator)
    with pytest.raises(RuntimeError if error is StopIteration else error):
        stream.peek() if peeked else next(iterator)
    state = through_json(stream.state_dict())
    rest = [item[1].ravel().tolist() for item in iterator]
    failing = False
    again = chain()
    again.load_state_dict(state)

    expected = [[2 * step, 2 * step + 1] for step in range(fails_at, 4)]
    assert [item[1].ravel().tolist() for item in again.get_epoch_iterator()] == expected
    assert rest == expected[1:]
    assert stream.state_dict() == again.state_dict()


def test_the_state_is_small_and_json():
    stream = Flatten(DataStream(dataset(), ShuffledScheme(11, 3, seed=1)))
    next(stream.get_epoch_iterator())

    assert len(json.dumps(stream.state_dict())) < 200


def test_stateless_transformers_add_nothing_to_the_state():
    inner = DataStream(dataset(), ShuffledScheme(11, 3, seed=1))
    outer = Flatten(Mapping(inner, tuple))
    next(outer.get_epoch_iterator())

    assert outer.state_dict() == inner.state_dict()


@pytest.mark.parametrize(
    "other",
    [
        lambda: DataStream(dataset(), ShuffledScheme(11, 3, seed=2)),
        lambda: DataStream(dataset(), ShuffledScheme(11, 4, seed=1)),
        lambda: DataStream(dataset(), ShuffledScheme(10, 3, seed=1)),
        lambda: DataStream(dataset(), ShuffledScheme(11, 3)),
        lambda: DataStream(dataset(), SequentialScheme(11, 3)),
        lambda: DataStream(IndexableDataset(np.arange(12)), ShuffledScheme(11, 3, seed=1)),
        lambda: RunningSum(DataStream(dataset(), ShuffledScheme(11, 3, seed=1))),
    ],
)
def test_a_state_is_refused_by_a_stream_where_it_would_mean_something_else(other):
    state = DataStream(dataset(), ShuffledScheme(11, 3, seed=1)).state_dict()

    with pytest.raises(StateMismatchError, match=r"belongs to a stream of .*batch_size=3, seed=1"):
        other().load_state_dict(state)


def test_a_state_of_another_format_version_is_refused():
    stream = DataStream(dataset(), SequentialScheme(11, 3))

    with pytest.raises(StateMismatchError, match="version 99"):
        stream.load_state_dict({**stream.state_dict(), "version": 99})


def test_something_that_is_no_state_is_refused():
    with pytest.raises(StateMismatchError, match=r"holds \['step'\]"):
        DataStream(dataset(), SequentialScheme(11, 3)).load_state_dict({"step": 3})


def test_labels_are_those_of_the_data_set_less_the_batch_axis_for_examples():
    batches = DataStream(dataset(), SequentialScheme(11, 3))
    examples = DataStream(dataset(), SequentialExampleScheme(11))

    assert batches.axis_labels == {"x": ("batch", "feature"), "y": None}
    assert examples.axis_labels == {"x": ("feature",), "y": None}
    assert DataStream(dataset(), SequentialScheme(1, 1), axis_labels={}).axis_labels == {}


def test_examples_have_no_batch_axis_whatever_labels_were_given():
    labels = {"x": ("batch", "feature"), "y": None}

    examples = DataStream(dataset(), SequentialExampleScheme(11), axis_labels=labels)

    assert examples.axis_labels == {"x": ("feature",), "y": None}
    assert labels == {"x": ("batch", "feature"), "y": None}


def test_the_scheme_decides_whether_examples_are_produced():
    stream = DataStream(dataset(), SequentialScheme(11, 3))

    assert not stream.produces_examples
    with pytest.raises(ValueError, match="SequentialScheme decides"):
        stream.produces_examples = True


def test_a_stream_without_scheme_produces_examples():
    assert DataStream(IterableDataset([1])).produces_examples


def test_sources_may_be_renamed_at_the_stream():
    stream = DataStream(dataset(), SequentialScheme(11, 3))

    stream.sources = ("features", "targets")

    assert list(stream.peek()) == ["features", "targets"]


def test_the_seed_of_a_stream_is_that_of_its_scheme_or_the_configured_one():
    assert DataStream(dataset(), ShuffledScheme(11, 3, seed=9)).seed == 9
    assert DataStream(dataset(), SequentialScheme(11, 3)).seed == config.default_seed


@pytest.mark.parametrize("name", STREAMS)
def test_a_copy_goes_on_where_the_original_stood(name):
    stream = STREAMS[name]()
    iterator = stream.get_epoch_iterator()
    next(iterator)

    copied = copy.deepcopy(stream)

    assert plain(list(copied.get_epoch_iterator())) == plain(list(iterator))
    assert plain(list(copied.get_epoch_iterator())) == plain(list(stream.get_epoch_iterator()))


class Counting(AbstractDataStream):
    """A user's stream, as code for Fuel makes them."""

    sources = ("n",)

    def __init__(self):
        super().__init__()
        self.produces_examples = True

    def get_data(self, request=None):
        return (request,)

    def get_epoch_iterator(self, as_dict=False):
        return DataIterator(self, iter(range(3)), as_dict)


def test_a_users_stream_works_with_a_data_iterator():
    assert list(Counting().get_epoch_iterator(as_dict=True)) == [{"n": 0}, {"n": 1}, {"n": 2}]


@pytest.mark.parametrize("wrap", [lambda stream: stream, Flatten])
def test_a_users_stream_that_does_not_count_says_so_when_asked_for_its_place(wrap):
    with pytest.raises(NotImplementedError, match="Counting does not know its place"):
        wrap(Counting()).state_dict()


def test_a_users_data_set_gets_lists():
    class Own(Dataset):
        provides_sources = ("data",)

        def get_data(self, state=None, request=None):
            assert type(request) is list
            return (request,)

    batches = DataStream(Own(), ShuffledScheme(7, 3, seed=1)).get_epoch_iterator()

    assert sorted(index for (batch,) in batches for index in batch) == list(range(7))


def test_an_item_must_have_an_element_for_each_source():
    stream = Mapping(DataStream(dataset(), SequentialScheme(4, 2)), lambda batch: batch[:1])

    with pytest.raises(ValueError, match=r"1 arrays for the 2 sources \('x', 'y'\)"):
        next(stream.get_epoch_iterator(as_dict=True))


def test_a_data_iterator_is_an_iterator_even_without_stream():
    iterator = DataIterator(None)

    assert iter(iterator) is iterator


@pytest.mark.parametrize("scheme", [5, SequentialScheme])
def test_what_is_no_scheme_is_refused(scheme):
    with pytest.raises(TypeError, match="is no scheme; make one"):
        DataStream(IndexableDataset(np.arange(4)), iteration_scheme=scheme)


@pytest.mark.parametrize("data", [np.arange(4), [1, 2]], ids=["array", "list"])
def test_data_that_is_no_data_set_is_refused_and_the_cure_is_said(data):
    with pytest.raises(TypeError, match=r"which is no data set; .* give IndexableDataset"):
        DataStream(data, iteration_scheme=SequentialScheme(4, 2))


def test_a_data_set_without_a_scheme_for_examples_says_how_to_get_one():
    class Three(Dataset):
        provides_sources = ("x",)

        def get_data(self, state=None, request=None):
            return (request,)

    with pytest.raises(AttributeError, match=r"SequentialExampleScheme\(num_examples\)"):
        Three().get_example_stream()


def test_a_place_does_not_fit_other_rows_of_an_array():
    stream, other = (
        DataStream(
            IndexableDataset(np.arange(9), start, start + 4),
            iteration_scheme=SequentialScheme(4, 2),
        )
        for start in (0, 5)
    )

    with pytest.raises(StateMismatchError, match=r"rows 0 to 4.*rows 5 to 9"):
        other.load_state_dict(stream.state_dict())


def test_the_default_seed_is_that_of_when_the_stream_was_made(monkeypatch):
    stream = DataStream(dataset(), SequentialScheme(11, 3))
    before = stream.seed

    monkeypatch.setattr(config, "default_seed", before + 1, raising=False)

    assert stream.seed == before
    assert DataStream(dataset(), SequentialScheme(11, 3)).seed == before + 1
