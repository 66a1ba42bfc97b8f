"""Who makes the items: this process or workers, and that nothing depends on it."""

import itertools
import logging
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import streams_for_workers as streams
from hypothesis import given, settings
from hypothesis import strategies as st
from items import assert_same, copied
from patience import PATIENCE

from fuel._workers._choice import Pace
from fuel.exceptions import InProcessWarning
from fuel.streams import AbstractDataStream
from fuel.testing import check_resumable, through_json
from fuel.transformers import BackgroundProcess, Mapping, MultiProcessing, Transformer
from fuel.transformers.multi_processing import choose_workers

CORES = len(os.sched_getaffinity(0))


def children():
    """The processes that this one has started and not yet buried."""
    return {
        pid
        for thread in Path("/proc/self/task").iterdir()
        for pid in (thread / "children").read_text().split()
    }


def with_lambda():
    return Mapping(streams.root(seed=5), lambda batch: (batch[0], -batch[1]))


def with_local_class():
    class Negative(Transformer):
        def __init__(self, stream):
            super().__init__(stream, stream.produces_examples)

        def transform_batch(self, batch):
            return batch[0], -batch[1]

    return Negative(streams.root(seed=5))


def with_lock():
    stream = streams.scaled()
    stream.lock = threading.Lock()
    return stream


class Countdown(AbstractDataStream):
    """A stream that does not know its place."""

    sources = ("targets",)
    produces_examples = True

    def get_epoch_iterator(self, as_dict=False):
        return ((np.array(number),) for number in (3, 2, 1))


INDESCRIBABLE = {
    "lambda": (with_lambda, r"Mapping\.mapping is .*<lambda>.*, a lambda: .*top level of a module"),
    "local class": (with_local_class, r"Negative.*defined inside a function: .*top level"),
    "lock": (with_lock, r"ScaleAndShift\.lock.* is a _thread\.lock.*first needed"),
}


def lazily(make):
    """What an iterator gives that is made once it is asked for something."""
    yield from make()


@pytest.fixture(params=INDESCRIBABLE)
def indescribable(request):
    return INDESCRIBABLE[request.param]


def test_a_stream_that_no_worker_can_import_runs_in_process_and_says_why_once(indescribable):
    make, why = indescribable
    plain = make()
    expected, states = [], []
    for _ in range(2):
        for item in plain.get_epoch_iterator():
            expected.append(copied(item))
            states.append(plain.state_dict())
    before = children()

    with MultiProcessing(make(), 4) as stream:
        first = stream.get_epoch_iterator()
        with pytest.warns(InProcessWarning, match=why) as caught:
            item = next(first)
        items, reached = [copied(item)], [stream.state_dict()]
        for item in itertools.chain(first, lazily(stream.get_epoch_iterator)):
            items.append(copied(item))
            reached.append(stream.state_dict())

        assert children() == before
        assert stream.workers == 0
        assert len(caught) == 1
        assert caught[0].filename == __file__
    assert_same(items, expected)
    np.testing.assert_equal(reached, states)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_were_asked_for_are_an_error_if_there_can_be_none(indescribable, workers):
    make, why = indescribable
    stream = MultiProcessing(make(), workers=workers)

    with pytest.raises(TypeError, match=why):
        next(stream.get_epoch_iterator())


def test_a_stream_that_does_not_know_its_place_runs_in_process_and_says_so():
    stream = MultiProcessing(Countdown())

    with pytest.warns(InProcessWarning, match="Countdown does not know its place"):
        epoch = [number.item() for (number,) in stream.get_epoch_iterator()]

    assert epoch == [3, 2, 1]


def test_the_background_process_of_old_runs_in_process_likewise():
    expected = [copied(item) for item in with_lambda().get_epoch_iterator()]

    with BackgroundProcess(with_lambda(), 2) as background:
        with pytest.warns(InProcessWarning, match="a lambda"):
            background.main()
        items = [copied(background.get_next_data()) for _ in expected]

    assert_same(items, expected)


def test_a_profile_of_a_stream_that_runs_in_process_says_why():
    with pytest.warns(InProcessWarning, match="a lambda"):
        profile = MultiProcessing(with_lambda()).profile(5)

    assert {stage.where for stage in profile.stages} == {"here"}
    assert profile.workers == 0
    assert "items are made in this process: Mapping.mapping is " in str(profile)


@given(
    produce=st.floats(0, 10),
    step=st.floats(0, 10),
    cores=st.integers(1, 256),
)
def test_workers_pay_from_200_us_and_a_tenth_of_the_step_on_and_leave_a_core(produce, step, cores):
    count = choose_workers(produce, step, cores)

    assert (count > 0) == (produce > 200e-6 and produce > 0.1 * step and cores > 1)
    assert count <= cores - 1


@pytest.mark.parametrize(
    ("produce", "step", "cores", "workers"),
    [
        (199e-6, 0.0, 8, 0),
        (201e-6, 0.0, 8, 7),
        (1e-3, 9.9e-3, 8, 1),
        (1e-3, 10.1e-3, 8, 0),
        (1e-3, 1e-3, 8, 2),  # one would do if it lost nothing to sharing memory
        (4e-3, 1e-3, 8, 5),
        (100e-3, 1e-3, 8, 7),
        (100e-3, 1e-3, 1, 0),
    ],
)
def test_there_are_as_many_workers_as_keep_up_with_the_program(produce, step, cores, workers):
    assert choose_workers(produce, step, cores) == workers


def test_what_is_measured_are_medians_of_8_items_and_then_of_more_without_the_first():
    pace, clock, found = Pace(), 0.0, []

    for number in range(3 + 8 + 16):
        made, between = (5.0, 7.0) if number < 3 or number % 4 == 0 else (0.25, 0.5)
        clock += between
        medians = pace.measure(clock, clock + made)
        clock += made
        if medians is not None:
            found.append((number, medians))

    assert found == [(3 + 8 - 1, (0.25, 0.5)), (3 + 8 + 16 - 1, (0.25, 0.5))]


@pytest.mark.parametrize("chain", [streams.scaled, streams.running_sums])
def test_light_work_stays_in_process_and_starts_none(chain, caplog):
    plain, before = chain(), children()
    expected = [copied(item) for _ in range(5) for item in plain.get_epoch_iterator()]

    with (
        caplog.at_level(logging.INFO, logger="fuel"),
        MultiProcessing(chain(), workers="auto") as stream,
    ):
        first = stream.choice
        items = [copied(item) for _ in range(5) for item in stream.get_epoch_iterator()]

        assert first is None
        assert stream.workers == stream.choice.workers == 0
        assert children() == before
    assert_same(items, expected)
    said = [record.message for record in caplog.records if "items are made" in record.message]
    assert len(said) == 1
    assert "items are made in this process: one takes " in said[0]


def until_workers(stream, program=None):
    """Items of a stream, as they are until workers make them or patience ends, and 10 more."""
    end = time.monotonic() + PATIENCE
    items, states, left = [], [], 10
    for item in itertools.chain.from_iterable(stream.iterate_epochs()):
        items.append(copied(item))
        states.append(stream.state_dict())
        left -= bool(stream.workers)
        if not left or time.monotonic() > end:
            return items, states


@pytest.mark.skipif(CORES < 2, reason="with one core workers never pay")
@pytest.mark.parametrize("chain", [streams.laborious, streams.laborious_sums])
def test_heavy_work_gets_workers_that_take_over_amid_an_epoch(chain, caplog):
    before = children()

    with (
        caplog.at_level(logging.INFO, logger="fuel"),
        MultiProcessing(chain(), workers="auto") as stream,
    ):
        items, states = until_workers(stream)

        assert 1 <= stream.workers == len(stream.statistics()) <= CORES - 1
        assert stream.workers == stream.choice.workers
        assert len(children() - before) == stream.workers
    plain = chain()
    expected, reached = [], []
    for item in itertools.islice(itertools.chain.from_iterable(plain.iterate_epochs()), len(items)):
        expected.append(copied(item))
        reached.append(plain.state_dict())
    assert_same(items, expected)
    np.testing.assert_equal(states, reached)
    assert children() == before
    assert "worker process" in caplog.text


@pytest.mark.skipif(CORES < 2, reason="with one core workers never pay")
def test_heavy_work_that_no_worker_can_import_stays_in_process_and_says_so(caplog):
    chain = Mapping(streams.laborious(), lambda batch: batch)

    with (
        caplog.at_level(logging.INFO, logger="fuel"),
        MultiProcessing(chain, workers="auto") as stream,
    ):
        end = time.monotonic() + PATIENCE
        for _ in itertools.chain.from_iterable(stream.iterate_epochs()):
            if time.monotonic() > end or (stream.choice and "lambda" in stream.choice.reason):
                break

        assert stream.workers == 0
        assert "a lambda" in stream.choice.reason
    assert "items are made in this process: Mapping.mapping is " in caplog.text


@pytest.mark.skipif(CORES < 2, reason="with one core workers never pay")
def test_workers_that_do_not_start_leave_the_work_here(caplog, tmp_path):
    chain = Mapping(streams.laborious(), streams.OnlyInProcess(os.getpid()))

    with MultiProcessing(chain, workers="auto") as stream:
        end = time.monotonic() + PATIENCE
        for _ in itertools.chain.from_iterable(stream.iterate_epochs()):
            if time.monotonic() > end or "do not start" in caplog.text:
                break

        assert stream.workers == 0
        assert stream.statistics() == []
    assert "workers would pay, but they do not start" in caplog.text
    assert "only in the process that made it" in caplog.text


@pytest.mark.skipif(CORES < 2, reason="with one core workers never pay")
def test_what_asks_for_places_keeps_a_stream_that_runs_as_a_whole_in_process():
    stream = streams.Stamped(MultiProcessing(streams.laborious_sums(), workers="auto"))
    end = time.monotonic() + PATIENCE
    for _ in itertools.chain.from_iterable(stream.iterate_epochs()):
        choice = stream.data_stream.choice
        if time.monotonic() > end or choice is not None:
            break

    assert stream.data_stream.workers == 0
    assert "places" in choice.reason


def test_a_profile_says_what_was_chosen_and_does_not_choose():
    with MultiProcessing(streams.scaled(), workers="auto") as stream:
        for _ in range(5):
            list(stream.get_epoch_iterator())
        profile = stream.profile(5)

    assert profile.workers == 0
    assert profile.choice == str(stream.choice)
    assert profile.choice in str(profile)


CHAINS = (streams.shuffled_like_fuel, streams.running_sums)


@pytest.fixture(scope="module", params=CHAINS)
def changing(request):
    """A stream whose workers are set as it runs, and its first state."""
    with MultiProcessing(request.param(), workers="auto") as stream:
        yield request.param, stream, stream.state_dict()


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_workers_may_be_set_at_any_step_and_change_neither_items_nor_places(changing, data):
    chain, stream, start = changing
    epochs, length = 2, 2 * streams.BATCHES
    plain = chain()
    expected, states = [], []
    for item in itertools.chain.from_iterable(plain.get_epoch_iterator() for _ in range(epochs)):
        expected.append(copied(item))
        states.append(plain.state_dict())
    steps = st.integers(0, length - 1)
    turns = data.draw(st.dictionaries(steps, st.integers(0, 2), min_size=1, max_size=2))
    looks = data.draw(st.sets(steps))

    stream.load_state_dict(through_json(start))
    items, reached = [], []
    for item in itertools.chain.from_iterable(stream.get_epoch_iterator() for _ in range(epochs)):
        items.append(copied(item))
        reached.append(stream.state_dict())
        if len(items) - 1 in looks:
            stream.peek()
        stream.workers = turns.get(len(items) - 1, stream.workers)

    assert_same(items, expected)
    np.testing.assert_equal(reached, states)


def switching(chain, workers):
    """A stream that changes who makes the items at every second item."""
    counts = itertools.cycle([0, 0, *workers])
    inner = MultiProcessing(chain(), workers="auto")

    def turn(batch):
        count = next(counts)
        if count != inner.workers:
            inner.workers = count
        return batch

    return Mapping(inner, turn)


@pytest.mark.parametrize("chain", [streams.few, streams.few_sums])
def test_a_stream_that_goes_to_workers_and_back_obeys_the_law(chain):
    before = children()

    check_resumable(lambda: switching(chain, [1, 1]), 2, abandon=[2])

    assert children() == before


@pytest.mark.parametrize("before", ["auto", None, 0, 2])
@pytest.mark.parametrize("chain", [streams.scaled, streams.running_sums])
def test_a_place_of_any_mode_is_one_of_any_other(chain, before):
    plain = chain()
    expected = [copied(item) for item in plain.get_epoch_iterator()]

    with MultiProcessing(chain(), workers=before) as stream:
        list(itertools.islice(stream.get_epoch_iterator(), 2))
        state = through_json(stream.state_dict())
    for after in ("auto", None, 0, 2):
        with MultiProcessing(chain(), workers=after) as stream:
            stream.load_state_dict(state)
            assert_same([copied(item) for item in stream.get_epoch_iterator()], expected[2:])


@pytest.mark.parametrize("workers", ["two", 1.5, [1]])
def test_workers_are_a_number_or_auto(workers):
    with pytest.raises(TypeError, match=r"workers=.* must be a whole number, or 'auto'"):
        MultiProcessing(streams.scaled(), workers=workers)


def test_the_number_of_workers_may_be_of_numpy():
    stream = MultiProcessing(streams.scaled(), workers=np.int64(2))

    assert stream.workers == 2
