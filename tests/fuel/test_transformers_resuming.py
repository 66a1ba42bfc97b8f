from functools import partial

import numpy as np
import pytest
import streams_of_sequences as streams
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel._streams._chain import Chain, obstacle, root
from fuel._streams._context import Place, new_array
from fuel.schemes import BucketScheme, ConstantScheme, PackScheme
from fuel.testing import check_resumable, through_json
from fuel.transformers import BackgroundProcess, Cache, MultiProcessing, Segments

ALL = {**streams.WHOLE, **streams.SPLIT}


@pytest.mark.parametrize("abandon", [(), (2, 0, 1), (1, None, 3)], ids=str)
@pytest.mark.parametrize("name", ALL)
def test_each_stream_can_be_cut_at_every_point_also_if_epochs_were_left_early(name, abandon):
    check_resumable(ALL[name], epochs=4, abandon=abandon)


@pytest.mark.parametrize("name", sorted(streams.WHOLE.keys() - streams.GO_ON))
@pytest.mark.parametrize("left_after", [1, 2])
def test_nothing_of_an_epoch_that_was_left_comes_in_the_next(name, left_after):
    straight, left = streams.WHOLE[name](), streams.WHOLE[name]()
    streams.epoch(straight)
    iterator = left.get_epoch_iterator()
    for _ in range(left_after):
        next(iterator)

    assert streams.epoch(left) == streams.epoch(straight)


@pytest.mark.parametrize("name", sorted(streams.WHOLE.keys() - streams.GO_ON))
def test_a_reset_forgets_what_was_held(name):
    straight, reset = streams.WHOLE[name](), streams.WHOLE[name]()
    streams.epoch(straight)
    next(reset.get_epoch_iterator())

    reset.reset()

    assert streams.epoch(reset) == streams.epoch(straight)


@pytest.mark.parametrize("name", ALL)
def test_a_peek_does_not_move(name):
    peeking, straight = ALL[name](), ALL[name]()
    iterator, other = peeking.get_epoch_iterator(), straight.get_epoch_iterator()
    next(iterator), next(other)
    place = through_json(peeking.state_dict())

    peeked = peeking.peek()

    np.testing.assert_equal(through_json(peeking.state_dict()), place)
    wanted = next(other)
    assert list(map(streams.plain, peeked.values())) == list(map(streams.plain, wanted))
    assert list(map(streams.plain, next(iterator))) == list(map(streams.plain, wanted))


STEPS = st.lists(st.sampled_from(["item", "item", "epoch", "peek", "cut", "reset"]), max_size=14)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_peeks_and_cuts_at_any_moment_change_nothing(name, steps):
    straight, other = ALL[name](), ALL[name]()
    iterators = [straight.get_epoch_iterator(), other.get_epoch_iterator()]
    for step in steps:
        if step == "item":
            one, two = (next(iterator, ("the end",)) for iterator in iterators)
            assert list(map(streams.plain, two)) == list(map(streams.plain, one))
        elif step == "peek":
            other.peek()
        elif step == "cut":
            state = through_json(other.state_dict())
            other = ALL[name]()
            other.load_state_dict(state)
            if straight.epoch_iterator is not None and not straight.epoch_iterator.finished:
                iterators[1] = other.get_epoch_iterator()
            else:
                iterators[1] = iter(())
        else:
            if step == "reset":
                straight.reset(), other.reset()
            iterators = [straight.get_epoch_iterator(), other.get_epoch_iterator()]


def numbers_in(state):
    """How many numbers and characters a state holds."""
    if isinstance(state, dict):
        return sum(map(numbers_in, state.values()))
    if isinstance(state, np.ndarray | list | tuple):
        return sum(map(numbers_in, state)) if not isinstance(state, np.ndarray) else state.size
    return len(state) if isinstance(state, str) else 1


def test_what_is_held_is_not_in_the_state():
    held = Segments(streams.in_turn(), 1)
    many = Cache(streams.numbers(5000, 4000), ConstantScheme(3))
    next(held.get_epoch_iterator())
    next(many.get_epoch_iterator())

    assert numbers_in(held.state_dict()) < 200
    assert numbers_in(many.state_dict()) < 1500  # of which 624 are the scheme's generator


@pytest.mark.parametrize("name", streams.SPLIT)
def test_what_keeps_nothing_can_be_made_item_by_item_in_any_order(name):
    stream, plan = streams.SPLIT[name](), root(streams.SPLIT[name]())
    chain = Chain.of(stream)
    items = list(stream.get_epoch_iterator())
    requests = list(plan.get_epoch_iterator().request_iterator)

    for step in reversed(range(len(items))):
        found = chain(requests[step], Place(0, 0, step))

        assert list(map(streams.plain, found)) == list(map(streams.plain, items[step]))


@pytest.mark.parametrize("name", streams.WHOLE)
def test_what_keeps_something_is_not_taken_apart(name):
    assert obstacle(streams.WHOLE[name]()) is not None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("filter", "Filter takes its items by itself"),
        ("unpack", "Unpack keeps something from item to item"),
        ("merge", "Merge does not take its data from a data set by requests"),
    ],
)
def test_why_a_stream_is_run_as_a_whole_is_said(name, reason):
    assert obstacle(streams.WHOLE[name]()) == reason


@pytest.mark.parametrize("name", ALL)
def test_the_shards_of_a_stream_have_all_its_items(name):
    whole = [streams.epoch(stream) for stream in [ALL[name]()] for _ in range(2)]

    for index in range(2):
        part = ALL[name]().shard(index, 2)

        assert [streams.epoch(part) for _ in range(2)] == [items[index::2] for items in whole]


@pytest.mark.parametrize("name", ["padding", "packed", "one-hot"])
def test_numbers_are_written_where_they_are_wanted(name):
    wanted = []

    def allocate(source, shape, dtype):
        array = new_array(source, shape, dtype)
        wanted.append(array)
        return array

    stream = streams.SPLIT[name]()
    request = next(root(stream).get_epoch_iterator().request_iterator)

    found = Chain.of(stream)(request, Place(0, 0, 0), allocate)

    assert all(any(part is array for array in wanted) for part in found)


@pytest.mark.parametrize(
    "name", ["segment rows", "cache of a mixture", "merge of caches", "packed", "padding"]
)
def test_workers_give_the_same_items_and_go_on_after_a_cut(name):
    with MultiProcessing(ALL[name](), workers=1) as stream, MultiProcessing(ALL[name]()) as other:
        wanted = ALL[name]()
        streams_epochs = [streams.epoch(wanted), streams.epoch(wanted)]
        iterator = stream.get_epoch_iterator()
        first = [tuple(map(streams.plain, next(iterator))) for _ in range(2)]
        other.load_state_dict(through_json(stream.state_dict()))

        assert [*first, *streams.epoch(other)] == streams_epochs[0]
        assert streams.epoch(other) == streams_epochs[1]


def test_a_background_process_gives_item_after_item_and_marks_the_ends_of_epochs():
    wanted = streams.numbers()
    expected = [*streams.epoch(wanted), StopIteration, *streams.epoch(wanted)]

    with BackgroundProcess(streams.numbers(), 3) as background:
        background.main()
        got = [background.get_next_data() for _ in expected]

    assert [
        item if item is StopIteration else tuple(map(streams.plain, item)) for item in got
    ] == expected


@pytest.mark.parametrize(
    "make",
    [
        partial(BucketScheme, streams.LENGTHS, [4, 8], 3, seed=1),
        partial(PackScheme, streams.LENGTHS, 10, 2, seed=1),
    ],
    ids=["buckets", "packing"],
)
def test_a_place_in_a_planned_epoch_is_a_few_integers(make):
    stream = streams.text_batches(make())
    next(stream.get_epoch_iterator())

    assert numbers_in(stream.state_dict()) < 300
    assert stream.state_dict()["scheme"] == {"epoch": 0}
