import itertools
import json

import numpy as np
import pytest
import streams_to_shard as streams
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.datasets import IndexableDataset, IterableDataset
from fuel.exceptions import StateMismatchError
from fuel.schemes import SequentialScheme, ShardedScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable, through_json
from fuel.transformers import MultiProcessing

COUNTS = [1, 2, 3, 4]


def plain(items):
    return [json.dumps(item, default=lambda array: array.tolist()) for item in items]


def epochs(stream, number=2):
    return [plain(stream.get_epoch_iterator()) for _ in range(number)]


def joined(parts):
    """Items of shards in the order of the whole: one of each in turn."""
    rounds = itertools.zip_longest(*parts)
    return [item for items in rounds for item in items if item is not None]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", streams.STREAMS)
def test_together_the_shards_are_the_stream(name, count):
    shards = [epochs(streams.STREAMS[name]().shard(index, count)) for index in range(count)]

    whole = epochs(streams.STREAMS[name]())

    assert [joined(parts) for parts in zip(*shards, strict=True)] == whole


@pytest.mark.parametrize("name", streams.STREAMS)
@pytest.mark.parametrize("shard", [(0, 2), (2, 3)])
@pytest.mark.parametrize("even", [False, True])
def test_a_shard_of_every_stream_resumes_at_every_point(name, shard, even):
    check_resumable(lambda: streams.STREAMS[name]().shard(*shard, even=even), epochs=2, abandon=[1])


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("name", streams.STREAMS)
def test_even_shards_are_equally_long_and_leave_out_the_last_round(name, count):
    shards = [
        epochs(streams.STREAMS[name]().shard(index, count, even=True)) for index in range(count)
    ]

    whole = epochs(streams.STREAMS[name]())

    for parts, items in zip(zip(*shards, strict=True), whole, strict=True):
        assert {len(part) for part in parts} == {len(items) // count}
        assert joined(parts) == items[: len(items) // count * count]


@given(
    name=st.sampled_from(sorted(streams.STREAMS)),
    counts=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_between_epochs_a_state_of_any_shard_fits_any_shard_of_any_number(name, counts, data):
    got, state = [], None
    for count in counts:
        shards = []
        for index in range(count):
            shard = streams.STREAMS[name]().shard(index, count)
            if state is not None:
                shard.load_state_dict(state)
            shards.append(shard)
        got.append(joined([plain(shard.get_epoch_iterator()) for shard in shards]))
        states = [through_json(shard.state_dict()) for shard in shards]
        state = data.draw(st.sampled_from(states))

    assert got == epochs(streams.STREAMS[name](), 3)


@pytest.mark.parametrize("name", streams.STREAMS)
def test_a_state_of_a_shard_between_epochs_fits_the_whole_stream(name):
    shard, whole = streams.STREAMS[name]().shard(1, 3), streams.STREAMS[name]()
    _, expected = epochs(streams.STREAMS[name]())
    list(shard.get_epoch_iterator())

    whole.load_state_dict(shard.state_dict())

    assert plain(whole.get_epoch_iterator()) == expected


@pytest.mark.parametrize("name", ["seeded shuffle", "flipped", "running sums"])
def test_a_state_of_an_epoch_that_has_given_nothing_yet_fits_another_number(name):
    shard, other = streams.STREAMS[name]().shard(0, 2), streams.STREAMS[name]().shard(2, 3)
    shard.get_epoch_iterator()

    other.load_state_dict(through_json(shard.state_dict()))

    assert epochs(other) == epochs(streams.STREAMS[name]().shard(2, 3))


@pytest.mark.parametrize("name", streams.STREAMS)
@pytest.mark.parametrize("other", [(1, 2), (0, 3)])
def test_inside_an_epoch_only_the_same_shard_goes_on(name, other):
    shard = streams.STREAMS[name]().shard(0, 2)
    next(shard.get_epoch_iterator())

    with pytest.raises(StateMismatchError, match=r"after item 1 of shard 0 of 2.*between epochs"):
        streams.STREAMS[name]().shard(*other).load_state_dict(shard.state_dict())


@pytest.mark.parametrize("name", streams.STREAMS)
def test_a_state_of_the_whole_stream_between_epochs_fits_a_shard(name):
    shard, whole = streams.STREAMS[name]().shard(1, 3), streams.STREAMS[name]()
    list(whole.get_epoch_iterator())

    shard.load_state_dict(whole.state_dict())

    assert plain(shard.get_epoch_iterator()) == epochs(streams.STREAMS[name]())[1][1::3]


@pytest.mark.parametrize("name", streams.BY_REQUEST)
def test_inside_an_epoch_a_shard_is_no_whole_and_a_whole_no_shard(name):
    shard, whole = streams.STREAMS[name]().shard(0, 2), streams.STREAMS[name]()
    next(shard.get_epoch_iterator())
    with pytest.raises(StateMismatchError, match="of shard 0 of 2, and shard 0 of 1"):
        whole.load_state_dict(shard.state_dict())

    next(whole.get_epoch_iterator())
    with pytest.raises(StateMismatchError, match="of shard 0 of 1, and shard 0 of 2"):
        shard.load_state_dict(whole.state_dict())


@pytest.mark.parametrize("name", streams.STREAMS)
def test_a_stream_is_not_split_inside_an_epoch(name):
    stream = streams.STREAMS[name]()
    next(stream.get_epoch_iterator())

    with pytest.raises(StateMismatchError, match="inside an epoch, after item 1"):
        stream.shard(0, 2)


@pytest.mark.parametrize("name", streams.STREAMS)
def test_a_stream_between_epochs_is_split_from_there_on(name):
    stream = streams.STREAMS[name]()
    list(stream.get_epoch_iterator())

    shard = stream.shard(1, 2)

    assert plain(shard.get_epoch_iterator()) == epochs(streams.STREAMS[name]())[1][1::2]


@pytest.mark.parametrize("name", streams.STREAMS)
def test_a_stream_that_was_brought_inside_an_epoch_is_not_split(name):
    stream, other = streams.STREAMS[name](), streams.STREAMS[name]()
    next(stream.get_epoch_iterator())
    other.load_state_dict(stream.state_dict())

    with pytest.raises(StateMismatchError, match="inside an epoch, after item 1"):
        other.shard(0, 2).get_epoch_iterator()


@pytest.mark.parametrize("name", streams.BY_REQUEST)
def test_items_of_other_shards_are_not_made(name):
    made = []
    shard = root = streams.BY_REQUEST[name]().shard(1, 4)
    while not isinstance(root, DataStream):
        root = root.data_stream
    get_data = root.get_data
    root.get_data = lambda request=None: made.append(1) or get_data(request)

    assert len(list(shard.get_epoch_iterator())) == len(made)


@pytest.mark.parametrize("name", streams.STREAMS)
def test_peeking_into_a_shard_changes_nothing(name):
    shard = streams.STREAMS[name]().shard(1, 2)
    expected = epochs(streams.STREAMS[name]().shard(1, 2), 3)

    got = []
    for _ in range(3):
        iterator, items = None, []
        while True:
            peeked = shard.peek()
            iterator = iterator or shard.get_epoch_iterator()
            if (item := next(iterator, None)) is None:
                break
            assert plain([tuple(peeked.values())]) == plain([item])
            items += plain([item])
        got.append(items)

    assert got == expected


@pytest.mark.parametrize("outer", [0, 1, 2])
@pytest.mark.parametrize("name", ["seeded shuffle", "flipped", "batched"])
def test_a_shard_of_a_shard_is_a_shard_of_the_whole(name, outer):
    nested = streams.STREAMS[name]().shard(1, 2).shard(outer, 3)

    assert epochs(nested) == epochs(streams.STREAMS[name]().shard(1 + 2 * outer, 6))


def test_an_even_shard_of_an_uneven_one_is_refused():
    stream = streams.STREAMS["sequential"]().shard(0, 2)

    with pytest.raises(ValueError, match="give both the same"):
        stream.shard(0, 2, even=True)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_a_shard_of_each_number_below_their_count(index):
    with pytest.raises(ValueError, match=f"index={index} .* 0 to 2"):
        streams.STREAMS["sequential"]().shard(index, 3)


def test_there_is_a_shard():
    with pytest.raises(ValueError, match="count=0 must be 1 or more"):
        streams.STREAMS["sequential"]().shard(0, 0)


def test_a_shard_is_chosen_by_integers():
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        streams.STREAMS["sequential"]().shard(0.5, 2)


def test_a_users_stream_that_does_not_count_is_split_too():
    parts = [list(streams.Plain().shard(index, 3).get_epoch_iterator()) for index in range(3)]

    assert parts == [[(0,), (3,), (6,)], [(1,), (4,)], [(2,), (5,)]]


def test_a_shard_keeps_sources_labels_and_kind_of_the_stream():
    for name in ("flipped", "batched", "running sums"):
        stream, shard = streams.STREAMS[name](), streams.STREAMS[name]().shard(0, 2)

        assert shard.sources == stream.sources
        assert shard.axis_labels == stream.axis_labels
        assert shard.produces_examples is stream.produces_examples


def test_a_shard_takes_no_requests():
    shard = streams.STREAMS["batched"]().shard(0, 2)

    with pytest.raises(ValueError, match="takes no request 5"):
        shard.get_data(5)


def test_a_shard_of_a_stream_that_was_reset_begins_with_its_first_epoch():
    for name in ("seeded shuffle", "iterable", "batched"):
        shard = streams.STREAMS[name]().shard(1, 2)
        first = plain(shard.get_epoch_iterator())
        shard.reset()

        assert len(plain(shard.get_epoch_iterator())) == len(first)


def test_an_item_that_cannot_be_made_does_not_move_the_shards():
    def fail_at_three(example):
        if example == (3,):
            raise ArithmeticError("bad example")
        return example

    stream = streams.Mapping(DataStream(IterableDataset(range(8))), fail_at_three)
    iterator = stream.shard(1, 2).get_epoch_iterator()

    assert next(iterator) == (1,)
    with pytest.raises(ArithmeticError):
        next(iterator)
    assert list(iterator) == [(5,), (7,)]


def test_the_shards_of_a_scheme_are_those_of_its_requests():
    shards = [ShardedScheme(SequentialScheme(9, 2), index, 2) for index in range(2)]

    assert [list(shard.get_request_iterator()) for shard in shards] == [
        [[0, 1], [4, 5], [8]],
        [[2, 3], [6, 7]],
    ]
    assert not shards[0].requests_examples


def test_the_state_of_a_shard_is_small_and_names_it():
    stream = DataStream(IndexableDataset(np.arange(1000)), ShuffledScheme(1000, 10, seed=5))
    shard = stream.shard(1, 4)
    next(shard.get_epoch_iterator())

    assert shard.state_dict()["shard"] == [1, 4]
    assert len(json.dumps(shard.state_dict())) < 300


@given(
    examples=st.integers(0, 40),
    batch_size=st.integers(1, 5),
    count=st.integers(1, 5),
    even=st.booleans(),
    skipped=st.lists(st.integers(0, 4), max_size=6),
)
@settings(deadline=None)
def test_skipping_in_a_shard_gives_what_would_have_followed(
    examples, batch_size, count, even, skipped
):
    for kind in (SequentialScheme, streams.CountingRequests):
        scheme = ShardedScheme(kind(examples, batch_size), count // 2, count, even=even)
        expected = list(scheme.get_request_iterator())
        requests = scheme.get_request_iterator()

        place = 0
        for number in skipped:
            requests.skip(number)
            place += number
            assert next(requests, None) == (expected[place] if place < len(expected) else None)
            place += 1


IN_WORKERS = ["seeded shuffle", "fuel's shuffle", "flipped and scaled", "batched and flipped"]


@pytest.mark.parametrize("name", IN_WORKERS)
def test_together_the_shards_are_the_stream_though_workers_make_them(name):
    got = []
    for index in range(2):
        around = MultiProcessing(streams.STREAMS[name](), workers=1 + index).shard(index, 2)
        with around:
            got.append(epochs(around, 3))

    assert [joined(parts) for parts in zip(*got, strict=True)] == epochs(streams.STREAMS[name](), 3)


def test_a_shard_run_by_workers_goes_on_without_them_and_with_another_number_of_shards():
    make = streams.STREAMS["flipped and scaled"]
    first, second, third = epochs(make(), 3)
    with MultiProcessing(make().shard(0, 3), workers=2) as shard:
        iterator = shard.get_epoch_iterator()
        begun = plain(itertools.islice(iterator, 2))
        inside = through_json(shard.state_dict())
        rest = plain(iterator)
        between = through_json(shard.state_dict())

    alone = make().shard(0, 3)
    alone.load_state_dict(inside)
    other = make().shard(1, 2)
    other.load_state_dict(between)

    assert begun + rest == first[::3]
    assert plain(alone.get_epoch_iterator()) == rest
    assert epochs(other) == [second[1::2], third[1::2]]
