import contextlib
import gc
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import streams_for_workers as streams
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import PATIENCE, eventually
from serving import (
    HEARTBEAT,
    ServerProcess,
    client,
    numbers,
    port_of,
    serving,
    with_workers,
)

from fuel.server import Server, ServerError
from fuel.streams import ServerDataStream
from fuel.testing import epochs_of
from fuel.transformers import Mapping, WorkerError

HERE = Path(__file__).parent
FEW, MANY = 3, 100
LONGEST = 0.2
"""Seconds from the start of a server to its end; some hundred items are sent in them."""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def targets_of(items):
    return [item[1].tolist() for item in items]


def kill_again_and_again(server, kills, rng, done):
    """Kill a server at random moments, and start it again each time."""
    for _ in range(kills):
        threading.Event().wait(rng.random() * LONGEST)
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        server.start()
    done.set()


def check_kills_of_the_server(chain, kills, rng):
    plain = getattr(streams, chain)()
    port = free_port()
    server = ServerProcess(chain, port)
    done = threading.Event()
    killer = threading.Thread(target=kill_again_and_again, args=(server, kills, rng, done))
    killer.start()
    try:
        with client(port, timeout=10 * PATIENCE) as stream:  # most of the time none is running
            while not done.is_set():
                for item, expected in zip(stream, plain, strict=True):
                    assert all(
                        one.tobytes() == other.tobytes()
                        for one, other in zip(item, expected, strict=True)
                    )
                assert stream.state_dict() == plain.state_dict()
    finally:
        killer.join()
        server.end(signal.SIGKILL)


@pytest.mark.parametrize("chain", ["scaled", "running_sums"])
def test_a_server_killed_at_any_moment_and_started_again_loses_and_repeats_nothing(chain):
    check_kills_of_the_server(chain, FEW, random.Random(1))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("chain", ["scaled", "running_sums"])
def test_a_server_killed_a_hundred_times_loses_and_repeats_nothing(chain):
    check_kills_of_the_server(chain, MANY, random.Random(3))


def check_kills_of_the_client(kills, rng, folder):
    """A client writes item and place in one go, is killed, and goes on from what is written."""
    with serving(streams.scaled()) as (port, server):
        for number in range(kills + 1):
            epochs = 30 * (number + 1)
            process = subprocess.Popen(
                [sys.executable, HERE / "serving_client.py", str(port), folder, str(epochs)],
                stdout=subprocess.PIPE,
            )
            with process:
                if number < kills:
                    process.stdout.readline()
                    threading.Event().wait(rng.random() * LONGEST / 40)
                    process.kill()
                process.stdout.read()
        assert eventually(lambda: not server.statistics())
    written = [
        [int(number) for number in line.split("|")[1].split(",")]
        for line in (folder / "items").read_text().splitlines()
    ]
    assert written == [
        item[1].tolist() for epoch in epochs_of(streams.scaled(), [100] * epochs) for item in epoch
    ]


def test_a_client_killed_at_any_moment_and_started_again_loses_and_repeats_nothing(tmp_path):
    check_kills_of_the_client(FEW, random.Random(2), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_client_killed_a_hundred_times_loses_and_repeats_nothing(tmp_path):
    check_kills_of_the_client(MANY, random.Random(4), tmp_path)


def test_a_client_that_is_frozen_is_forgotten_and_goes_on_exactly_when_it_thaws(tmp_path):
    with serving(streams.scaled()) as (port, server):
        process = subprocess.Popen(
            [sys.executable, HERE / "serving_client.py", str(port), tmp_path, "40"],
            stdout=subprocess.PIPE,
        )
        with process:
            process.stdout.readline()
            process.send_signal(signal.SIGSTOP)
            forgotten = eventually(lambda: not server.statistics())
            process.send_signal(signal.SIGCONT)
            process.stdout.read()

    assert forgotten
    assert [line.split("|")[1] for line in (tmp_path / "items").read_text().splitlines()] == [
        ",".join(map(str, item[1].tolist()))
        for epoch in epochs_of(streams.scaled(), [100] * 40)
        for item in epoch
    ]


def test_an_exception_in_the_stream_arrives_and_the_server_goes_on():
    with serving(streams.acting("fail", 10)) as (port, _), client(port) as stream:
        epoch = stream.get_epoch_iterator()
        got = [next(epoch), next(epoch)]
        with pytest.raises(WorkerError, match="the seventh seal is broken") as raised:
            next(epoch)
        got += epoch
        again = targets_of([next(stream.get_epoch_iterator())])

    assert "Traceback" in str(raised.value)
    assert "in fail" in str(raised.value)
    assert isinstance(raised.value, ServerError)
    assert [targets[0] for targets in targets_of(got)] == [0, 4, 12, 16, 20]
    assert again == [[0, 1, 2, 3]]


def test_a_failed_item_is_not_tried_again_when_the_connection_is_made_anew():
    with serving(streams.acting("fail", 10)) as (port, _), client(port) as stream:
        epoch = stream.get_epoch_iterator()
        next(epoch), next(epoch)
        with pytest.raises(ServerError):
            next(epoch)
        stream.close()

        assert targets_of([next(epoch)]) == [[12, 13, 14, 15]]


def test_a_place_inside_which_the_stream_fails_is_that_of_the_stream():
    with serving(streams.acting("fail", 10)) as (port, _), client(port) as stream:
        epoch = stream.get_epoch_iterator()
        next(epoch), next(epoch)
        before = stream.state_dict()
        with pytest.raises(ServerError):
            next(epoch)

        assert stream.state_dict() == before


def test_what_cannot_be_sent_is_an_error_that_says_so():
    with serving(Mapping(streams.root(), streams.unsendable)) as (port, _), client(port) as stream:
        epoch = stream.get_epoch_iterator()

        with pytest.raises(ServerError, match="cannot travel between processes"):
            next(epoch)


def test_a_server_that_is_not_there_is_an_error_that_says_so_after_the_timeout():
    with (
        client(free_port(), timeout=0.3) as stream,
        pytest.raises(ServerError, match=r"no answer .*tcp://127.0.0.1:\d+ for 0.3 s; does it"),
    ):
        stream.get_epoch_iterator()


def test_a_server_that_stops_answering_is_an_error_after_the_timeout(caplog):
    with (
        Server(streams.scaled(), 0, heartbeat=HEARTBEAT) as server,  # nobody calls serve()
        client(port_of(server.address), timeout=1.0) as stream,
        pytest.raises(ServerError, match=r"no answer .* for 1 s"),
    ):
        next(stream.get_epoch_iterator())

    assert "is silent; connecting anew" in caplog.text


def test_an_item_that_takes_longer_than_the_timeout_is_waited_for():
    stream = Mapping(numbers(), slow_once)

    with serving(stream) as (port, _), client(port, timeout=0.3) as served:
        first = next(served.get_epoch_iterator())

    assert first[0].tolist() == [0, 1, 2, 3]


def slow_once(batch):
    if batch[0][0] == 0:
        threading.Event().wait(0.6)
    return batch


def test_more_clients_than_allowed_are_refused():
    with serving(streams.scaled(), max_clients=1) as (port, _), client(port) as one:
        next(one.get_epoch_iterator())
        with (
            client(port) as other,
            pytest.raises(ServerError, match="the server has 1 clients; it takes no more"),
        ):
            other.get_epoch_iterator()


def dealer(port):
    context = zmq.Context()
    one = context.socket(zmq.DEALER)
    one.setsockopt(zmq.LINGER, 100)
    one.connect(f"tcp://127.0.0.1:{port}")
    return one


def test_a_wrong_version_is_refused_and_said(caplog):
    with serving(streams.scaled()) as (port, _):
        stranger = dealer(port)
        stranger.send(b'["fuel",2,"hello"]')
        assert stranger.poll(PATIENCE * 1000)
        answer = stranger.recv()
        stranger.context.destroy()

    assert b"refused" in answer
    assert b"protocol version 2, but this release of fuel speaks version 1" in answer
    assert "wrong version" in caplog.text


def test_a_client_of_another_version_is_told_by_its_own_server():
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    thread = threading.Thread(target=answer_in_version_2, args=(router,))
    thread.start()
    with (
        client(port) as stream,
        pytest.raises(ServerError, match="version 2, but this release of fuel speaks"),
    ):
        stream.get_epoch_iterator()
    thread.join()
    context.destroy(0)


def answer_in_version_2(router):
    identity, _ = router.recv_multipart()
    router.send_multipart([identity, b'["fuel",2,"welcome"]'])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(["hello", "start", "delivered", "ping", "bye", "item", ""])
NAMES = ("run", "state", "index", "abandon", "failed", "share", "shares", "hwm", "max_bytes")
FIELDS = st.dictionaries(
    st.sampled_from((*NAMES, "operation", "count")),
    st.integers(-2, 3) | st.sampled_from(["", "reset", "abandon"]) | JSON,
)
HEADERS = st.one_of(
    st.binary(max_size=40),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.tuples(st.just("fuel"), st.just(1) | JSON, WORDS, FIELDS, JSON | st.just([])).map(
        lambda value: json.dumps(value).encode()
    ),
)


@pytest.fixture(scope="module")
def attacked():
    with serving(streams.scaled()) as (port, server):
        stranger = dealer(port)
        yield port, server, stranger
        stranger.context.destroy(0)


@given(messages=st.lists(st.tuples(HEADERS, st.lists(st.binary(max_size=20), max_size=3))))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_a_stranger_sends_stops_the_server(attacked, messages):
    port, _, stranger = attacked

    for header, buffers in messages:
        stranger.send_multipart([header, *buffers])

    with client(port) as stream:
        assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


@pytest.mark.parametrize(
    "state",
    [
        ["array", "|u1", [0, 10**30], 0],
        ["array", "|O", [1], 0],
        ["dict", [[["list", []], 1]]],
        ["range", [1, 2, 0]],
        ["no such thing"],
        "text",
    ],
)
def test_a_state_that_is_none_does_not_stop_the_server(attacked, state):
    port, _, stranger = attacked
    fields = {"run": 1, "state": state, "index": 0, "count": 1, "even": False, "abandon": False}
    fields |= {"failed": 0, "operation": "", "hwm": 1, "max_bytes": 1}

    stranger.send_multipart([json.dumps(["fuel", 1, "start", fields, [[1, 0, 0]]]).encode(), b""])

    with client(port) as stream:
        assert len(list(stream)) == streams.BATCHES


def test_floods_of_bad_messages_do_not_flood_the_log(caplog):
    with serving(streams.scaled()) as (port, _):
        stranger = dealer(port)
        for _ in range(500):
            stranger.send(b"nonsense")
        with client(port) as stream:
            list(stream.get_epoch_iterator())
        stranger.context.destroy(100)

    assert 1 <= caplog.text.count("bad message") <= 2


def test_too_large_a_message_is_refused_and_the_server_goes_on():
    with serving(streams.scaled()) as (port, _):
        stranger = dealer(port)
        stranger.send(bytes(17 * 2**20))
        with client(port) as stream:
            assert len(list(stream.get_epoch_iterator())) == streams.BATCHES
        assert not stranger.poll(0)
        stranger.context.destroy(0)


def test_something_that_does_not_speak_zeromq_does_no_harm():
    with (
        serving(streams.scaled()) as (port, _),
        socket.create_connection(("127.0.0.1", port)) as stranger,
    ):
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        with client(port) as stream:
            assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_server_cleanly(number):
    port = free_port()
    server = ServerProcess("with_workers", port)
    with client(port) as stream:
        next(stream.get_epoch_iterator())

        assert server.end(number) == 0


def handles():
    """Descriptors and threads of this process, and its children."""
    gc.collect()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return (
        len(os.listdir("/proc/self/fd")),
        sorted(thread.name for thread in threading.enumerate()),
        children,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="counts through /proc")
@pytest.mark.parametrize("closed", [True, False])
def test_servers_and_clients_leave_nothing_behind(closed):
    def use():
        with serving(with_workers()) as (port, _):
            stream = client(port)
            next(stream.get_epoch_iterator())
            if closed:
                stream.close()

    use()
    before = handles()

    use()

    assert eventually(lambda: handles() == before)


def test_an_error_at_the_start_of_a_server_leaves_nothing_behind():
    with Server(numbers(), 0) as server:
        before = handles()
        with contextlib.suppress(OSError):
            Server(numbers(), port_of(server.address))

        assert eventually(lambda: handles() == before)


def test_a_stream_never_used_holds_no_connection():
    before = handles()

    stream = ServerDataStream()

    assert not stream.connected
    assert handles() == before
