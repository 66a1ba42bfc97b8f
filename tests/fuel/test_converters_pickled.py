import contextlib
import os
import pickle
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_data_sets import CIFAR10, python2_pickle

from fuel.converters._pickled import read_pickle

BATCH = CIFAR10["cifar-10-batches-py/test_batch"]
TEXT = st.text(max_size=10)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXT | st.binary(max_size=300)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXT, inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
    ),
    max_leaves=20,
)
DTYPES = ["u1", "<i2", ">i4", "<f4", ">f8", "?", "i8"]


class Harmful:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [3, 4, 5])
@given(value=VALUES)
def test_containers_numbers_and_texts_come_back(protocol, value):
    assert read_pickle(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_in_a_dict_come_back(protocol, dtype, order):
    array = np.asarray(np.arange(12).reshape(3, 4), dtype, order=order)

    found = read_pickle(pickle.dumps({"array": array, "again": array}, protocol))

    for name in ("array", "again"):
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_what_python_2_wrote_has_bytes_for_texts_but_not_for_keys():
    content = python2_pickle(BATCH)

    found = read_pickle(content)

    theirs = pickle.loads(content, encoding="bytes")
    assert {key.encode() for key in found} == set(theirs)
    assert found["labels"] == BATCH["labels"] == theirs[b"labels"]
    assert found["filenames"] == [b"a.png", b"b.png"] == theirs[b"filenames"]
    np.testing.assert_array_equal(found["data"], BATCH["data"])
    np.testing.assert_array_equal(theirs[b"data"], BATCH["data"])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "harm",
    [
        Harmful(os.system, "exit 1"),
        Harmful(eval, "1/0"),
        Harmful(subprocess.check_call, ["false"]),
        Harmful(np.fromfile, "/etc/passwd"),
        Harmful(getattr, "text", "join"),
    ],
    ids=lambda harm: harm.call[0].__name__,
)
def test_a_pickle_that_asks_for_a_function_is_refused_and_nothing_is_run(protocol, harm):
    content = pickle.dumps({"data": harm}, protocol)

    with pytest.raises(ValueError, match="asks for .*, which plain arrays do not need; nothing"):
        read_pickle(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "wants 1 bytes at byte 0, but ends before"),
        (b".", "its stack is empty"),
        (b"\x80\x04K", "wants 1 bytes at byte 3"),
        (b"I1\n.", "has the instruction b'I'"),
        (b"h\x07.", "asks for a value that it never gave"),
        (b"K\x01K\x02a.", "appends to no list"),
        (b"K\x01e.", "nothing is marked"),
        (b"](K\x01K\x02u.", "sets items of no dict"),
        (b"}K\x01K\x02s.", "a key of a dict is no text"),
        (b"}Nb.", "sets the state of no array"),
        (b"K\x01)R.", "calls what is no function"),
        (b"cnumpy\ndtype\n.", "not described to its end"),
        (b"cnumpy\ndtype\n)R.", "calls numpy dtype with 0 arguments"),
        (b"cnumpy\ndtype\nU\x01O\x85R.", "dtype of an array is b'O', which is not plain"),
        (b"cnumpy\ndtype", "wants a line"),
        (b"T\xff\xff\xff\xff.", "wants -1 bytes"),
    ],
)
def test_a_program_that_makes_no_sense_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        read_pickle(content)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (b")", b"N\x93.", "asks for what has no name"),
        (b"cnumpy\ndtype\n)", b"R.", "dtype of an array is a tuple, which is not plain"),
    ],
)
def test_depth_that_would_exhaust_the_stack_is_no_trouble(start, end, message):
    with pytest.raises(ValueError, match=message):
        read_pickle(start + b"\x85" * 100_000 + end)


def test_an_array_must_have_as_many_bytes_as_its_shape():
    content = python2_pickle({"data": np.zeros((2, 3), np.uint8)})

    with pytest.raises(ValueError, match=r"shape \(2, 4\) and dtype uint8 has 6 bytes"):
        read_pickle(content.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86"))


@given(
    place=st.integers(0, 300),
    change=st.binary(max_size=3),
    content=st.sampled_from(
        [python2_pickle(BATCH), *(pickle.dumps(BATCH, protocol) for protocol in (3, 4, 5))]
    ),
)
def test_a_damaged_pickle_is_refused_or_read(place, change, content):
    damaged = content[:place] + change + content[place + len(change) :]

    with contextlib.suppress(ValueError):
        assert isinstance(read_pickle(damaged), int | str | bytes | list | tuple | dict | None)
