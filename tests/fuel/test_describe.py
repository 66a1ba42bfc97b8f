import collections
import dataclasses
import datetime
import functools
import operator
import os
import pathlib
import re

import numpy as np
import pytest

from fuel._workers import _parcel
from fuel._workers._describe import DescriptionError, build, describe


class Plain:
    def __init__(self):
        self.itself = self
        self.array = np.arange(5.0)
        self.same_array = self.array
        self.rng = np.random.RandomState(3)
        self.generator = np.random.default_rng(4)
        self.method = self.double

    def double(self, number):
        return 2 * number


class Slotted:
    __slots__ = ("content",)


@dataclasses.dataclass(frozen=True)
class Frozen:
    number: int
    dtype: np.dtype


Pair = collections.namedtuple("Pair", "left right")


def through_memory(value):
    descriptor, _ = _parcel.pack(value)
    try:
        return _parcel.unpack(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        "text",
        b"bytes",
        [1, [2, (3, {4})]],
        {1: "a", "b": (None, True)},
        Pair(1, [2]),
        collections.deque([1, 2], maxlen=3),
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        datetime.datetime(2020, 1, 2, 3),
        re.compile("a+"),
        pathlib.PurePosixPath("/a/b"),
        range(2, 9, 3),
        slice(1, None),
        Frozen(3, np.dtype([("a", "<i4", (2,)), ("b", "S3")])),
        np.add,
        len,
        Plain,
        operator.itemgetter(1, 2),
        np.dtype(object),
        np.float32(2.5),
    ],
    ids=repr,
)
def test_a_value_comes_back_equal(value):
    copy = through_memory(value)

    assert type(copy) is type(value)
    if isinstance(value, operator.itemgetter):
        assert copy("abc") == value("abc")
    else:
        assert copy == value


def test_an_object_comes_back_with_its_shape_its_sharing_and_its_generators():
    original = Plain()

    copy = through_memory(original)

    assert copy.itself is copy
    assert copy.array is copy.same_array
    assert copy.array.tolist() == original.array.tolist()
    assert copy.rng.rand() == original.rng.rand()
    assert copy.generator.random() == original.generator.random()
    assert copy.method.__self__ is copy


def test_slots_partials_and_arrays_of_objects_come_back():
    slotted = Slotted()
    slotted.content = functools.partial(int, base=2)
    ragged = np.array([[1, 2], "x", slotted], dtype=object)

    copy = through_memory(ragged)

    assert copy[:2].tolist() == [[1, 2], "x"]
    assert copy[2].content("101") == 5


def test_writing_to_a_copy_leaves_the_original_and_other_copies_alone():
    array = np.zeros(5)
    descriptor, _ = _parcel.pack(array)

    first, second = _parcel.unpack(descriptor), _parcel.unpack(descriptor)
    first += 1
    os.close(descriptor)

    assert (array.tolist(), second.tolist()) == ([0] * 5, [0] * 5)


def test_an_open_file_is_refused_by_the_name_of_its_attribute(tmp_path):
    holder = Plain()
    with (tmp_path / "file").open("w") as file:
        holder.files = {"log": file}

        with pytest.raises(DescriptionError, match=r"Plain\.files\['log'\].*where they are first"):
            describe(holder, [])


class Unwilling:
    def __getstate__(self):
        raise KeyError("no copies of this")


def test_an_object_that_fails_to_be_copied_is_refused_with_what_it_says():
    holder = Plain()
    holder.part = Unwilling()

    with pytest.raises(DescriptionError, match=r"Plain\.part.*Unwilling, which says: .*no copies"):
        describe(holder, [])


def test_a_name_that_means_something_else_by_now_is_refused(monkeypatch):
    original = Plain
    monkeypatch.setitem(globals(), "Plain", Slotted)

    with pytest.raises(DescriptionError, match=r"Plain is another object"):
        describe(original, [])


def test_building_a_description_of_nothing_known_is_an_error():
    with pytest.raises(DescriptionError, match="contains itself"):
        build(["known", 3], [])
