import json

import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from patience import PATIENCE
from serving import client, numbers, serving

from fuel.server import recv_arrays, send_arrays
from fuel.transformers import Mapping


@pytest.fixture(scope="module")
def pair():
    """Two ends of a connection."""
    context = zmq.Context()
    left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    left.bind("inproc://arrays")
    right.connect("inproc://arrays")
    right.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
    yield left, right
    context.destroy(0)


PLAIN = npst.arrays(
    npst.scalar_dtypes() | npst.byte_string_dtypes(min_len=1) | npst.array_dtypes(max_size=3),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(arrays=st.lists(PLAIN, min_size=1, max_size=3))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arrays_arrive_as_they_were(pair, arrays):
    left, right = pair

    send_arrays(left, arrays)
    got = recv_arrays(right)

    assert [array.dtype for array in got] == [array.dtype for array in arrays]
    assert [array.shape for array in got] == [array.shape for array in arrays]
    assert [array.tobytes() for array in got] == [array.tobytes() for array in arrays]
    assert all(array.flags.writeable for array in got)


def test_the_frames_are_those_that_fuel_sent(pair):
    left, right = pair
    images, labels = np.arange(6, dtype=np.uint8).reshape(2, 3), np.array([1.5, 2], "<f4")

    send_arrays(left, (images, labels))

    header, *frames = right.recv_multipart()
    assert json.loads(header) == [
        {"shape": [2, 3], "fortran_order": False, "descr": "|u1"},
        {"shape": [2], "fortran_order": False, "descr": "<f4"},
    ]
    assert frames == [images.tobytes(), labels.tobytes()]


def test_the_end_of_an_epoch_is_the_frame_that_fuel_sent(pair):
    left, right = pair

    send_arrays(left, None, stop=True)
    send_arrays(left, [], stop=True)

    assert [json.loads(part) for part in right.recv_multipart()] == [{"stop": True}]
    with pytest.raises(StopIteration):
        recv_arrays(right)


def test_a_transposed_array_that_somebody_sent_as_it_lay_is_understood(pair):
    left, right = pair
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    header = [{"shape": [2, 3], "fortran_order": True, "descr": "<f8"}]

    left.send_multipart([json.dumps(header).encode(), array.tobytes(order="F")])

    np.testing.assert_array_equal(recv_arrays(right)[0], array)


def test_lists_and_numbers_become_arrays_and_a_scalar_stays_one(pair):
    left, right = pair

    send_arrays(left, ([1, 2], 3.5))

    numbers_, scalar = recv_arrays(right)
    assert numbers_.tolist() == [1, 2]
    assert scalar.shape == ()
    assert scalar == 3.5


def test_what_has_no_raw_bytes_is_refused_with_a_cure(pair):
    ragged = np.empty(2, object)
    ragged[:] = [np.arange(2), np.arange(3)]

    with pytest.raises(TypeError, match=r"array 1 is of dtype object.*Padding.*ServerDataStream"):
        send_arrays(pair[0], (np.arange(2), ragged))


def test_no_arrays_at_all_are_refused(pair):
    with pytest.raises(ValueError, match="at least one source"):
        send_arrays(pair[0], ())


@pytest.mark.parametrize(
    ("header", "frames"),
    [
        (b"nonsense", []),
        (b"[]", [b""]),
        (b"[1]", [b""]),
        (b'[{"shape": [2], "fortran_order": false, "descr": "|u1"}]', [b"abc"]),
        (b'[{"shape": [-1], "fortran_order": false, "descr": "|u1"}]', [b""]),
        (b'[{"shape": [1], "fortran_order": false, "descr": "|O"}]', [b"12345678"]),
        (b'[{"shape": [1], "fortran_order": false, "descr": "what"}]', [b"1"]),
    ],
)
def test_a_malformed_message_is_an_error(pair, header, frames):
    left, right = pair
    left.send_multipart([header, *frames])

    with pytest.raises(ValueError, match="JSON|header|takes|malformed|objects"):
        recv_arrays(right)


@pytest.fixture
def pull():
    """Connects Fuel's own old client."""
    context = zmq.Context()
    sockets = []

    def connect(address):
        socket = context.socket(zmq.PULL)
        socket.set_hwm(10)
        socket.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        socket.connect(address)
        sockets.append(socket)
        return socket

    yield connect
    context.destroy(0)


def epoch_of(socket):
    batches = []
    try:
        while True:
            batches.append(recv_arrays(socket)[0].tolist())
    except StopIteration:
        return batches


def test_an_old_client_is_served_beside_new_ones(pull):
    expected = [batch[0].tolist() for batch in numbers().get_epoch_iterator()]

    with serving(numbers(), push_port=0) as (port, server), client(port) as stream:
        old = pull(server.push_address)
        assert epoch_of(old) == expected
        assert epoch_of(old) == expected
        assert [batch[0].tolist() for batch in stream.get_epoch_iterator()] == expected


def test_items_that_fail_or_cannot_be_sent_are_left_out_for_old_clients(pull, caplog):
    with serving(Mapping(numbers(), fickle), push_port=0) as (_, server):
        firsts = [batch[0] for batch in epoch_of(pull(server.push_address))]

    assert firsts == list(range(8, 400, 4))
    assert "an item for old clients failed and is left out" in caplog.text
    assert "an item cannot be sent to old clients and is left out" in caplog.text


def fickle(batch):
    if batch[0][0] == 0:
        raise ValueError("no zeros")
    if batch[0][0] == 4:
        return (np.array([None, 1]),)
    return batch


def test_a_port_for_old_clients_that_is_in_use_is_said_so():
    with (
        serving(numbers()) as (port, _),
        pytest.raises(OSError, match=rf"tcp://127.0.0.1:{port} is in use"),
        serving(numbers(), push_port=port),
    ):
        raise AssertionError
