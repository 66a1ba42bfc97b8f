import os
import threading
from functools import partial

import numpy as np
import pytest
import streams_for_workers as streams
from serving import HEARTBEAT, client, numbers, port_of, serving, with_workers

from fuel.datasets import IndexableDataset, IterableDataset
from fuel.exceptions import StateMismatchError
from fuel.schemes import ConstantScheme, SequentialExampleScheme, SequentialScheme
from fuel.server import Server, ServerError
from fuel.streams import AbstractDataStream, DataStream
from fuel.testing import check_resumable, epochs_of, through_json
from fuel.transformers import Batch, Mapping, MultiProcessing

CHAINS = ("scaled", "shuffled_like_fuel", "running_sums", "batched_examples")


def as_lists(items):
    return [[np.asarray(part).tolist() for part in item] for item in items]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_client_gets_what_the_stream_gives_epoch_after_epoch(chain):
    make = getattr(streams, chain)
    expected = epochs_of(make(), [100] * 3)

    with serving(make()) as (port, _), client(port) as stream:
        got = epochs_of(stream, [100] * 3)

    assert [as_lists(epoch) for epoch in got] == [as_lists(epoch) for epoch in expected]


@pytest.mark.parametrize("shard", [(0, 1), (1, 3)])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_served_stream_is_resumable_at_every_point(chain, shard):
    with serving(getattr(streams, chain)()) as (port, _):

        def make():
            return client(port).shard(*shard)

        check_resumable(make)
        check_resumable(make, abandon=(1, None, 2))


def test_the_server_may_use_worker_processes():
    expected = epochs_of(streams.scaled(), [100] * 2)

    with serving(with_workers()) as (port, _), client(port) as stream:
        got = epochs_of(stream, [100] * 2)
        state = stream.state_dict()

    assert as_lists(got[1]) == as_lists(expected[1])
    alone = streams.scaled()
    epochs_of(alone, [100] * 2)
    assert state == alone.state_dict()


def test_the_state_of_a_client_is_that_of_the_stream_and_goes_on_without_a_server():
    with serving(streams.scaled()) as (port, _), client(port) as stream:
        iterator = stream.get_epoch_iterator()
        next(iterator)
        state = through_json(stream.state_dict())
        rest = list(iterator)

    alone = streams.scaled()
    alone.load_state_dict(state)
    assert as_lists(alone.get_epoch_iterator()) == as_lists(rest)


def test_a_stream_handed_over_in_an_epoch_is_served_from_there_and_not_moved():
    stream = streams.scaled()
    next(stream.get_epoch_iterator())
    before = stream.state_dict()

    with serving(stream) as (port, _), client(port) as served:
        got = list(served.get_epoch_iterator())

    assert stream.state_dict() == before
    assert as_lists(got) == as_lists(stream.epoch_iterator)


def test_names_kind_and_labels_are_discovered():
    dataset = IndexableDataset(
        {"image": np.zeros((4, 2)), "label": np.zeros(4)},
        axis_labels={"image": ("batch", "feature"), "label": None},
    )
    stream = DataStream(dataset, iteration_scheme=SequentialExampleScheme(4))

    with serving(stream) as (port, _), client(port) as served:
        assert served.sources == ("image", "label")
        assert served.produces_examples is True
        assert served.axis_labels == {"image": ("feature",), "label": None}


def test_sources_given_as_fuel_had_them_rename():
    with (
        serving(streams.scaled()) as (port, _),
        client(port, sources=("x", "y"), produces_examples=False) as stream,
    ):
        item = next(stream.get_epoch_iterator(as_dict=True))

    assert item.keys() == {"x", "y"}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"sources": ("x",)}, r"sources=\('x',\) are 1 names, but .* has 2"),
        ({"produces_examples": True}, "produces_examples=True, but .* produces batches"),
    ],
)
def test_what_is_said_must_be_what_is_served(said, complaint):
    with (
        serving(streams.scaled()) as (port, _),
        client(port, **said) as stream,
        pytest.raises(ServerError, match=complaint),
    ):
        stream.get_epoch_iterator()


def test_any_array_arrives_as_it_was_and_can_be_written_to():
    kinds = [
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.array([True, False]),
        np.array(["2020-01-01"], "datetime64[D]"),
        np.array([b"ab", b"c"]),
        np.zeros((0, 3), np.float16),
        np.array([(1, 2.5)], [("a", "i2"), ("b", "f8", ())]),
        np.asfortranarray(np.arange(20_000.0).reshape(100, 200)),
        np.array(3.5),
    ]
    stream = ListStream([tuple(kinds)])

    with serving(stream) as (port, _), client(port) as served:
        (got,) = served.get_epoch_iterator()

    for sent, came in zip(kinds, got, strict=True):
        assert (sent.dtype, sent.shape) == (came.dtype, came.shape)
        np.testing.assert_array_equal(sent, came)
        assert came.flags.writeable
        assert came.flags.aligned


def test_scalars_ragged_arrays_and_lists_arrive_as_they_were():
    ragged = np.empty(2, object)
    ragged[:] = [np.arange(2), np.arange(5)]
    stream = ListStream([(3, np.float32(2.5), "text", [1, (2, None)], ragged, {"a": b"\0"})])

    with serving(stream) as (port, _), client(port) as served:
        (got,) = served.get_epoch_iterator()

    assert got[:4] == (3, np.float32(2.5), "text", [1, (2, None)])
    assert isinstance(got[1], np.float32)
    assert [part.tolist() for part in got[4]] == [[0, 1], [0, 1, 2, 3, 4]]
    assert got[5] == {"a": b"\0"}


class ListStream(AbstractDataStream):
    """A user's stream that knows no place."""

    def __init__(self, items):
        super().__init__()
        self.items = items
        self.sources = tuple(f"source_{number}" for number in range(len(items[0])))
        self.produces_examples = False

    def get_epoch_iterator(self, as_dict=False):
        return iter(self.items)


def test_the_state_of_a_stream_that_does_not_know_its_place_is_refused():
    with serving(ListStream([(1,), (2,)])) as (port, _), client(port) as stream:
        assert epochs_of(stream, [5, 1, 5]) == [[(1,), (2,)], [(1,)], [(1,), (2,)]]
        with pytest.raises(NotImplementedError, match="does not know its place"):
            stream.state_dict()


def test_two_clients_each_have_the_whole_stream():
    expected = as_lists(streams.scaled().get_epoch_iterator())

    with serving(streams.scaled()) as (port, _), client(port) as one, client(port) as other:
        pairs = list(zip(one.get_epoch_iterator(), other.get_epoch_iterator(), strict=True))

    assert as_lists(pair[0] for pair in pairs) == expected
    assert as_lists(pair[1] for pair in pairs) == expected


@pytest.mark.parametrize("chain", CHAINS)
def test_clients_that_share_are_dealt_each_item_once_and_all_see_the_end(chain):
    make = getattr(streams, chain)
    expected = [as_lists(epoch) for epoch in epochs_of(make(), [100] * 3)]

    with serving(make()) as (port, _):
        dealt = []
        for index in range(4):
            with client(port).shard(index, 4) as stream:
                dealt.append([as_lists(epoch) for epoch in epochs_of(stream, [100] * 3)])

    for number, epoch in enumerate(expected):
        assert [hand[number] for hand in dealt] == [epoch[index::4] for index in range(4)]


def test_a_client_that_shares_has_the_others_items_not_made_where_that_can_be(tmp_path):
    stream = Mapping(numbers(), partial(note, tmp_path))

    with serving(stream) as (port, _), client(port).shard(3, 10) as served:
        items = list(served.get_epoch_iterator())

    assert len(items) == 10
    epoch = {f"{4 * number}" for number in range(3, 100, 10)}
    assert {path.name for path in tmp_path.iterdir()} >= epoch
    assert all(int(path.name) // 4 % 10 == 3 for path in tmp_path.iterdir())


def note(folder, batch):
    (folder / str(batch[0][0])).touch()
    return batch


def test_even_shards_have_equally_many_items():
    with serving(streams.scaled()) as (port, _):
        counts = []
        for index in range(4):
            with client(port).shard(index, 4, even=True) as stream:
                counts.append(len(list(stream.get_epoch_iterator())))

    assert counts == [streams.BATCHES // 4] * 4


def test_a_shard_of_a_shard_is_a_shard_of_the_whole():
    expected = as_lists(streams.scaled().get_epoch_iterator())

    with serving(streams.scaled()) as (port, _), client(port).shard(1, 2).shard(0, 2) as stream:
        assert as_lists(stream.get_epoch_iterator()) == expected[1::4]


def test_between_epochs_a_place_fits_any_number_of_shards():
    whole = streams.scaled()
    epochs_of(whole, [100])
    expected = as_lists(whole.get_epoch_iterator())

    with serving(streams.scaled()) as (port, _), client(port).shard(0, 2) as stream:
        list(stream.get_epoch_iterator())
        state = through_json(stream.state_dict())
        with client(port).shard(2, 3) as other:
            other.load_state_dict(state)
            got = as_lists(other.get_epoch_iterator())

    assert got == expected[2::3]


def test_inside_an_epoch_the_place_of_one_shard_does_not_fit_another():
    with (
        serving(streams.scaled()) as (port, _),
        client(port).shard(0, 2) as one,
        client(port).shard(1, 2) as other,
    ):
        next(one.get_epoch_iterator())
        other.load_state_dict(one.state_dict())
        with pytest.raises(StateMismatchError, match="after item 1 of shard 0 of 2"):
            other.get_epoch_iterator()


def test_the_place_of_another_stream_is_refused_with_both_names_and_the_server_goes_on():
    with serving(streams.scaled()) as (port, _), client(port) as stream:
        stream.load_state_dict({**numbers().state_dict()})
        with pytest.raises(StateMismatchError, match="400 examples .* 23 examples"):
            stream.get_epoch_iterator()

        stream.load_state_dict(streams.scaled().state_dict())
        assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


def test_what_is_peeked_at_comes_again():
    with serving(streams.scaled()) as (port, _), client(port) as stream:
        peeked = stream.peek()
        state = stream.state_dict()
        items = list(stream.get_epoch_iterator())

    assert np.array_equal(peeked["targets"], items[0][1])
    assert state == streams.scaled().state_dict()


def test_a_closed_client_connects_again_and_goes_on():
    with serving(streams.scaled()) as (port, _), client(port) as stream:
        iterator = stream.get_epoch_iterator()
        items = [next(iterator)]
        stream.close()
        connected = stream.connected
        items += iterator

    assert not connected
    assert as_lists(items) == as_lists(streams.scaled().get_epoch_iterator())


def test_reset_and_next_epoch_do_what_they_do_in_process():
    alone = streams.scaled()
    next(alone.get_epoch_iterator())
    alone.reset()
    epochs_of(alone, [1])
    alone.next_epoch()

    with serving(streams.scaled()) as (port, _), client(port) as stream:
        next(stream.get_epoch_iterator())
        stream.reset()
        epochs_of(stream, [1])
        stream.next_epoch()
        rest = epochs_of(stream, [100])

    assert as_lists(rest[0]) == as_lists(epochs_of(alone, [100])[0])


def test_a_transformer_at_the_client_goes_on_exactly_too():
    with serving(DataStream(IterableDataset(range(10)))) as (port, _):
        check_resumable(lambda: Batch(client(port), ConstantScheme(3, num_examples=10)))


def test_a_worker_process_of_the_client_may_talk_to_the_server():
    expected = as_lists(streams.scaled().get_epoch_iterator())

    with serving(streams.scaled()) as (port, _), MultiProcessing(client(port)) as stream:
        items = as_lists(stream.get_epoch_iterator())

    assert items == expected


def test_a_request_is_refused():
    with pytest.raises(ValueError, match=r"there can be no request, but got \[1\]"):
        client(1).get_data([1])


def test_no_more_is_made_ahead_than_messages_or_bytes_under_way_allow(tmp_path):
    for options, most in (({"hwm": 3}, 3), ({"max_bytes": 1}, 1)):
        folder = tmp_path / str(most)
        folder.mkdir()
        stream = Mapping(numbers(), partial(note, folder))
        with serving(stream) as (port, server), client(port, **options) as served:
            iterator = served.get_epoch_iterator()
            for number in range(1, 20):
                next(iterator)
                made = len(list(folder.iterdir()))
                assert made <= number + most
                assert server.statistics()[0]["messages_under_way"] <= most


def test_a_socket_in_the_file_system_serves_too(tmp_path):
    address = f"ipc://{tmp_path}/socket"

    with serving_at(address), client(1, host=address) as stream:
        assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


def serving_at(address):
    server = Server(streams.scaled(), host=address, heartbeat=HEARTBEAT)
    return Running(server)


class Running:
    def __init__(self, server):
        self.server = server
        self.thread = threading.Thread(target=server.serve)

    def __enter__(self):
        self.thread.start()
        return self.server

    def __exit__(self, *_):
        self.server.stop()
        self.thread.join()
        self.server.close()


def test_a_copy_of_a_client_has_a_connection_and_a_place_of_its_own():
    with serving(streams.scaled()) as (port, _), client(port) as stream:
        iterator = stream.get_epoch_iterator()
        next(iterator)
        other = client(port)
        other.__setstate__(stream.__getstate__())
        with other:
            assert as_lists(other.get_epoch_iterator()) == as_lists(iterator)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"hwm": 0}, "hwm=0 must be 1 or more"),
        ({"max_bytes": 0}, "max_bytes=0 must be 1 or more"),
        ({"port": 70_000}, "port=70000 must be from 0 to 65535"),
        ({"host": ""}, "host='' is no host"),
        ({"host": "ipc://"}, "lacks a path"),
    ],
)
def test_wrong_arguments_are_refused_on_both_sides(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        Server(streams.scaled(), **options)
    with pytest.raises(ValueError, match=complaint):
        client(**{"port": 1, **options})


def test_a_stream_without_sources_is_not_served():
    stream = streams.scaled()
    stream.sources = ()

    with pytest.raises(ValueError, match="has no sources"):
        Server(stream, 0)


def test_a_stream_that_does_not_say_what_it_produces_is_not_served():
    stream = ListStream([(1,)])
    del stream.__dict__["_produces_examples"]

    with pytest.raises(ValueError, match="pass produces_examples="):
        Server(stream, 0)


def test_a_port_in_use_is_said_so():
    with (
        Server(numbers(), 0) as server,
        pytest.raises(OSError, match="is in use.*choose another port") as raised,
    ):
        Server(numbers(), port_of(server.address))

    assert raised.value.errno is not None
    assert os.strerror(raised.value.errno)


def test_batches_of_a_scheme_of_one_are_batches():
    stream = DataStream(
        IndexableDataset({"x": np.arange(3)}), iteration_scheme=SequentialScheme(3, 1)
    )

    with serving(stream) as (port, _), client(port) as served:
        assert as_lists(served.get_epoch_iterator()) == [[[0]], [[1]], [[2]]]
