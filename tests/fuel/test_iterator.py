"""Epoch iterators that are copied in the middle of an epoch."""

import copy
import pickle

import numpy as np
import pytest

from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Mapping


def by_request():
    data = IndexableDataset({"x": np.arange(10)})
    return DataStream(data, iteration_scheme=ShuffledScheme(10, 2))


def by_itself():
    return IterableDataset({"x": list(range(5))}).get_example_stream()


def doubled(data):
    return (data[0] * 2,)


def transformed():
    return Mapping(by_request(), doubled)


def values(iterator):
    return [np.asarray(x).tolist() for (x,) in iterator]


@pytest.mark.parametrize("make", [by_request, by_itself, transformed])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copied_iterator_goes_on_where_it_was_and_its_stream_with_the_next_epoch(make, copied):
    stream = make()
    iterator = stream.get_epoch_iterator()
    next(iterator)

    other = copied(iterator)

    assert values(other) == values(iterator)
    assert values(other.data_stream.get_epoch_iterator()) == values(stream.get_epoch_iterator())


def test_an_iterator_that_is_over_is_over_when_copied():
    iterator = by_request().get_epoch_iterator()
    list(iterator)

    assert list(copy.deepcopy(iterator)) == []


def test_a_shallow_copy_is_refused_with_the_cure():
    iterator = by_request().get_epoch_iterator()

    with pytest.raises(TypeError, match=r"use copy\.deepcopy"):
        copy.copy(iterator)
