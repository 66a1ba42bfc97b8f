import itertools

import numpy as np
import pytest
import streams_for_workers as streams
from hypothesis import given, settings
from hypothesis import strategies as st
from items import assert_same, copied

from fuel import config
from fuel.schemes import ShuffledScheme
from fuel.testing import through_json
from fuel.transformers import Batch, MultiProcessing

CHAINS = ("scaled", "shuffled_like_fuel", "running_sums", "batched_examples")
EPOCHS = 3


@pytest.fixture(scope="module", params=CHAINS)
def chain(request):
    return getattr(streams, request.param)


@pytest.fixture(scope="module")
def runs(chain):
    """For each number of workers, a stream that has not been iterated over; and its first state."""
    made = {workers: MultiProcessing(chain(), workers=workers) for workers in (0, 1, 2, 3)}
    states = {workers: stream.state_dict() for workers, stream in made.items()}
    yield {workers: (stream, states[workers]) for workers, stream in made.items()}
    for stream in made.values():
        stream.close()


def in_process(chain, epochs=EPOCHS):
    """The items of some epochs of the stream itself, and its state after each."""
    stream = chain()
    items, states = [], []
    for _ in range(epochs):
        for item in stream.get_epoch_iterator():
            items.append(copied(item))
            states.append(stream.state_dict())
    return items, states


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_any_number_of_workers_gives_the_items_and_states_of_the_stream_itself(
    chain, runs, workers
):
    expected, states = in_process(chain)
    stream, start = runs[workers]

    stream.load_state_dict(start)
    items, reached = [], []
    for _ in range(EPOCHS):
        for item in stream.get_epoch_iterator():
            items.append(copied(item))
            reached.append(stream.state_dict())

    assert_same(items, expected)
    np.testing.assert_equal(reached, states)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_run_goes_on_with_any_other_number_of_workers(chain, runs, data):
    expected, _ = in_process(chain)
    before, after = data.draw(st.permutations([0, 1, 2, 3]))[:2]
    cut = data.draw(st.integers(0, len(expected) - 1))

    first, start = runs[before]
    first.load_state_dict(start)
    epochs = itertools.chain.from_iterable(first.iterate_epochs())
    for _ in range(cut):
        next(epochs)
    second, _ = runs[after]
    second.load_state_dict(through_json(first.state_dict()))
    rest = itertools.chain.from_iterable(second.iterate_epochs())
    items = [copied(next(rest)) for _ in range(len(expected) - cut)]

    assert_same(items, expected[cut:])


@pytest.mark.parametrize("workers", [1, 2])
def test_the_stream_without_workers_goes_on_from_a_state_with_workers(chain, runs, workers):
    expected, _ = in_process(chain)
    stream, start = runs[workers]
    stream.load_state_dict(start)
    iterator = stream.get_epoch_iterator()
    for _ in range(4):
        next(iterator)

    plain = chain()
    plain.load_state_dict(stream.state_dict())

    assert_same(
        [copied(item) for item in plain.get_epoch_iterator()], expected[4 : streams.BATCHES]
    )


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("delivered", [0, 1, 5])
def test_nothing_of_an_abandoned_epoch_leaks_into_the_next(chain, runs, workers, delivered):
    plain = chain()
    iterator = plain.get_epoch_iterator()
    for _ in range(delivered):
        next(iterator)
    expected = [copied(item) for item in plain.get_epoch_iterator()]
    after = [copied(item) for item in plain.get_epoch_iterator()]

    stream, start = runs[workers]
    stream.load_state_dict(start)
    iterator = stream.get_epoch_iterator()
    for _ in range(delivered):
        next(iterator)

    assert_same([copied(item) for item in stream.get_epoch_iterator()], expected)
    assert_same([copied(item) for item in stream.get_epoch_iterator()], after)


def test_a_peek_shows_the_next_item_and_does_not_move(chain, runs):
    expected, _ = in_process(chain)
    stream, start = runs[1]
    stream.load_state_dict(start)
    place = stream.state_dict()

    peeked = stream.peek()

    assert tuple(peeked) == stream.sources
    assert_same([copied(peeked.values())], expected[:1])
    np.testing.assert_equal(stream.state_dict(), place)
    assert_same([copied(next(stream.get_epoch_iterator()))], expected[:1])


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("before", [0, 3])
def test_a_peek_into_a_stream_before_it_gets_workers_loses_nothing(chain, workers, before):
    plain = chain()
    for _ in zip(range(before), plain.get_epoch_iterator() if before else (), strict=False):
        pass
    expected, states = [], []
    for item in plain.get_epoch_iterator():
        expected.append(copied(item))
        states.append(plain.state_dict())

    inner = chain()
    for _ in zip(range(before), inner.get_epoch_iterator() if before else (), strict=False):
        pass
    inner.peek()
    with MultiProcessing(inner, workers=workers) as stream:
        items, reached = [], []
        for item in stream.get_epoch_iterator():
            items.append(copied(item))
            reached.append(stream.state_dict())

    assert_same(items, expected)
    np.testing.assert_equal(reached, states)


def test_items_come_as_dictionaries_on_demand():
    with MultiProcessing(streams.scaled()) as stream:
        item = next(stream.get_epoch_iterator(as_dict=True))

    assert set(item) == {"features", "targets"}


def test_workers_outlive_epochs_and_end_when_the_stream_is_closed():
    stream = MultiProcessing(streams.scaled(), workers=2)
    list(stream.get_epoch_iterator())
    first = [worker["pid"] for worker in stream.statistics()]
    list(stream.get_epoch_iterator())
    second = [worker["pid"] for worker in stream.statistics()]
    stream.close()

    assert len(first) == 2
    assert second == first
    assert stream.statistics() == []


@pytest.mark.parametrize("chain_name", ["shuffled_like_fuel", "running_sums"])
def test_a_closed_stream_goes_on_with_its_next_epoch(chain_name):
    chain = getattr(streams, chain_name)
    expected, _ = in_process(chain, epochs=2)
    stream = MultiProcessing(chain())
    list(stream.get_epoch_iterator())

    stream.close()
    items = [copied(item) for item in stream.get_epoch_iterator()]
    stream.close()

    assert_same(items, expected[streams.BATCHES :])


def test_a_transformer_behind_the_workers_resumes_too():
    def chain(workers):
        inner = MultiProcessing(streams.scaled(), workers=workers)
        return streams.RunningSum(inner)

    plain = chain(0)
    expected = [copied(item) for item in itertools.islice(plain.get_epoch_iterator(), 6)]
    stream = chain(1)
    iterator = stream.get_epoch_iterator()
    for _ in range(2):
        next(iterator)
    state = stream.state_dict()
    stream.close()

    other = chain(2)
    other.load_state_dict(through_json(state))
    items = [copied(item) for item in other.get_epoch_iterator()]
    other.close()

    assert_same(items, expected[2:])


def test_items_of_other_kinds_than_arrays_arrive_as_they_are():
    with MultiProcessing(streams.Mapping(streams.root(seed=1), streams.mixed)) as stream:
        ragged, other = next(stream.get_epoch_iterator())
    expected, wanted = next(
        streams.Mapping(streams.root(seed=1), streams.mixed).get_epoch_iterator()
    )

    assert [part.tolist() for part in ragged] == [part.tolist() for part in expected]
    np.testing.assert_array_equal(other.pop("f"), wanted.pop("f"))
    assert other == wanted


def test_batches_of_very_different_sizes_arrive_whole():
    plain = streams.Mapping(streams.root(60, 3, seed=2), streams.sized)
    expected = [copied(item) for item in plain.get_epoch_iterator()]

    with MultiProcessing(
        streams.Mapping(streams.root(60, 3, seed=2), streams.sized), workers=2
    ) as stream:
        items = [copied(item) for item in stream.get_epoch_iterator()]

    assert_same(items, expected)


def test_sources_and_labels_are_those_of_the_stream():
    plain = streams.scaled()
    stream = MultiProcessing(plain)

    assert stream.sources == plain.sources
    assert stream.produces_examples is plain.produces_examples
    assert stream.axis_labels == plain.axis_labels


@pytest.mark.parametrize(
    ("name", "value"), [("workers", -1), ("max_store", 0), ("leases", -1), ("timeout", 0)]
)
def test_a_number_out_of_its_range_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
        MultiProcessing(streams.scaled(), **{name: value})


def test_a_place_in_another_stream_is_refused_as_without_workers():
    stream = MultiProcessing(streams.scaled())
    other = streams.root(examples=9, seed=5)

    with pytest.raises(ValueError, match="examples=9"):
        stream.load_state_dict(other.state_dict())


def test_examples_can_be_batched_behind_the_workers():
    dataset = streams.root(seed=1).dataset
    examples = streams.DataStream(dataset, iteration_scheme=dataset.example_iteration_scheme)
    with MultiProcessing(examples, workers=2, max_store=8) as inner:
        batches = list(
            Batch(inner, streams.ConstantScheme(4, num_examples=23)).get_epoch_iterator()
        )

    np.testing.assert_array_equal(np.concatenate([batch[1] for batch in batches]), np.arange(23))


def test_a_scheme_without_a_memory_of_its_epochs_is_asked_anew_in_each():
    indices = [4, 2, 9, 7]
    stream = streams.DataStream(
        streams.root().dataset, iteration_scheme=ShuffledScheme(indices, 2, seed=0)
    )

    with MultiProcessing(stream) as running:
        epochs = [
            np.concatenate([batch[1] for batch in running.get_epoch_iterator()]) for _ in range(4)
        ]

    assert [sorted(epoch) for epoch in epochs] == [sorted(indices)] * 4


@pytest.mark.parametrize("chain", [streams.root, streams.running_sums])
def test_settings_assigned_in_python_hold_in_the_workers(chain, monkeypatch):
    monkeypatch.setenv("FUEL_FLOATX", "float16")
    config.default_seed, config.data_path = 23, "/here:/there"

    try:
        with MultiProcessing(streams.Mapping(chain(), streams.configured)) as stream:
            _, settings = next(stream.get_epoch_iterator())
    finally:
        del config.default_seed, config.data_path

    assert settings.tolist() == ["23", "float16", "/here", "/there"]
