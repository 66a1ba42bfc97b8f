import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fuel._codec import CodecError, decode, dump, encode, load
from fuel._workers._result import ResultReader, ResultWriter
from fuel._workers._slot_writer import OpenSlot

DTYPES = st.one_of(
    hnp.scalar_dtypes(),
    hnp.byte_string_dtypes(),
    hnp.unicode_string_dtypes(),
    hnp.array_dtypes(allow_subarrays=True),
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
)
PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.slices(20),
        ARRAYS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=12,
)

KINDS = (bool, int, float, complex, str, bytes, bytearray, slice, range, dict)
KINDS += (np.ndarray, np.generic)


def assert_equal(left, right):
    assert type(left) is type(right)
    if isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        assert left.tobytes() == right.tobytes()
    elif isinstance(left, (list, tuple)):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_equal(one, other)
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_equal(left[key], right[key])
    else:
        assert repr(left) == repr(right)


@given(PLAIN)
def test_plain_data_come_back_as_they_were(value):
    buffers = []
    text = dump(encode(value, buffers))
    raw = [buffer.tobytes() if isinstance(buffer, np.ndarray) else buffer for buffer in buffers]

    assert_equal(decode(load(text), raw), value)


@given(PLAIN, PLAIN)
def test_a_result_in_frames_comes_back_as_it_was(value, state):
    frames = ResultWriter().to_frames("item", value, state)

    result = ResultReader().from_frames([bytes(frame) for frame in frames])

    assert_equal(result.value, value)
    if state is not None:
        assert_equal(result.state.decode(), state)


@given(st.lists(ARRAYS, max_size=4).map(tuple), st.integers(0, 3))
def test_arrays_in_a_slot_come_back_and_are_aligned(arrays, already_there):
    memory = np.zeros(1 << 17, np.uint8)
    slot = OpenSlot(0, memory, memory.ctypes.data)
    placed = tuple(
        _made_in(slot, array) if index < already_there else array
        for index, array in enumerate(arrays)
    )

    header = ResultWriter().to_slot(slot, "item", placed, None)
    result = ResultReader().from_slot(header, slot.memory[: slot.size])

    assert_equal(result.value, arrays)
    base = slot.memory.ctypes.data
    assert all((part.ctypes.data - base) % 64 == 0 for part in result.value if part.nbytes)


def _made_in(slot, array):
    made = slot.allocate(array.shape, array.dtype)
    made[...] = array
    return made


def test_a_slot_that_is_too_small_says_what_it_takes():
    memory = np.zeros(64, np.uint8)
    slot = OpenSlot(0, memory, memory.ctypes.data)

    header = ResultWriter().to_slot(slot, "item", (np.zeros(1000),), None)

    assert header is None
    assert 8000 <= slot.size <= 8300


@given(JSON, st.lists(st.binary(max_size=16), max_size=3))
def test_a_message_that_nobody_encoded_is_refused_or_is_plain_data(node, buffers):
    with contextlib.suppress(CodecError):
        value = decode(node, buffers)

        assert_plain(value)


def assert_plain(value):
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            assert_plain(item)
    else:
        assert value is None or isinstance(value, KINDS)


@given(JSON, st.binary(max_size=64))
def test_a_malformed_result_in_a_slot_is_refused(header, memory):
    with pytest.raises(CodecError):
        ResultReader().from_slot(json.dumps(header).encode(), np.frombuffer(memory, np.uint8))


@given(st.binary())
def test_bytes_that_are_not_json_are_refused(text):
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(CodecError):
            load(text)


@pytest.mark.parametrize(
    "spans", [[[0, 65]], [[60, 8]], [[-8, 8]], [[0, 8.0]], [], None, [["0", "8"]]]
)
def test_arrays_outside_their_slot_are_refused(spans):
    node = ["tuple", [["array", "<i8", [1], 0]]]
    header = dump(["item", node, 1, None, spans])

    with pytest.raises(CodecError):
        ResultReader().from_slot(header, np.zeros(64, np.uint8))


@pytest.mark.parametrize("descr", ["|O", [["a", "|O"]], "no such type", 5, None])
def test_an_array_of_objects_cannot_be_made_from_bytes(descr):
    with pytest.raises(CodecError):
        decode(["array", descr, [1], 0], [bytes(8)])
