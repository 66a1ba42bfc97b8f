"""Streams of data that does not end, or that is made as it is asked for."""

import itertools

import numpy as np
import pytest

from fuel.datasets import Dataset, IndexableDataset, IterableDataset
from fuel.exceptions import StateMismatchError
from fuel.schemes import ConstantScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable, epochs_of
from fuel.transformers import Batch


class Squares:
    """An endless iterable that begins anew, as a container does."""

    def __iter__(self):
        return (number**2 for number in itertools.count())


class Count:
    """An endless iterator that knows its place, and counts what it was asked for."""

    made = 0

    def __init__(self):
        self.number = 0

    def __iter__(self):
        return Count()

    def __next__(self):
        Count.made += 1
        self.number += 1
        return self.number - 1

    def state_dict(self):
        return {"number": self.number}

    def load_state_dict(self, state):
        self.number = state["number"]


class Noise(Dataset):
    """As much noise as a request asks for, of a generator that is its state."""

    provides_sources = ("noise",)

    def open(self):
        return np.random.default_rng(5)

    def get_data(self, state=None, request=None):
        return (state.standard_normal(request),)


class Placed(Noise):
    """Noise that knows its place and so is resumed without drawing again."""

    drawn = 0

    def get_data(self, state=None, request=None):
        Placed.drawn += request
        return super().get_data(state, request)

    def position_of(self, state):
        return {"generator": state.bit_generator.state}

    def load_position(self, state, position):
        state.bit_generator.state = position["generator"]


class Hashed(Dataset):
    """Rows that are computed from their number, of which there are as many as one likes."""

    provides_sources = ("row",)
    accepts_arrays = True

    def get_data(self, state=None, request=None):
        return (np.r_[request] * 2654435761 % 97,)


def values(stream, limits):
    return [[value for (value,) in epoch] for epoch in epochs_of(stream, limits)]


def test_epochs_of_endless_data_have_the_declared_length_and_go_on():
    stream = DataStream(IterableDataset(Squares()), examples_per_epoch=3)

    assert values(stream, [99] * 3) == [[0, 1, 4], [9, 16, 25], [36, 49, 64]]


def test_data_that_ends_begins_again_inside_an_epoch():
    stream = DataStream(IterableDataset("abcd"), examples_per_epoch=3)

    assert values(stream, [99] * 4) == [list("abc"), list("dab"), list("cda"), list("bcd")]


def test_an_epoch_may_be_several_passes():
    stream = DataStream(IterableDataset("ab"), examples_per_epoch=5)

    assert values(stream, [99] * 2) == [list("ababa"), list("babab")]


def test_an_epoch_left_early_goes_on_where_it_was_left():
    stream = DataStream(IterableDataset(Squares()), examples_per_epoch=3)

    assert values(stream, [1, 99]) == [[0], [1, 4, 9]]


def test_reset_begins_the_data_again():
    stream = DataStream(IterableDataset(Squares()), examples_per_epoch=3)
    values(stream, [2])

    stream.reset()

    assert values(stream, [99]) == [[0, 1, 4]]


STREAMS = {
    "endless": lambda: DataStream(IterableDataset(Squares()), examples_per_epoch=4),
    "placed": lambda: DataStream(IterableDataset(Count()), examples_per_epoch=4),
    "several passes": lambda: DataStream(IterableDataset("abc"), examples_per_epoch=7),
    "part of a pass": lambda: DataStream(IterableDataset("abcdef"), examples_per_epoch=4),
    "batches": lambda: Batch(
        DataStream(IterableDataset(Squares()), examples_per_epoch=5), ConstantScheme(2)
    ),
    "noise by batch size": lambda: DataStream(Noise(), ConstantScheme(3, times=4)),
    "noise by a total": lambda: DataStream(Noise(), ConstantScheme(3, num_examples=7)),
    "placed noise": lambda: DataStream(Placed(), ConstantScheme(3, times=4)),
    "noise without end": lambda: DataStream(Noise(), ConstantScheme(2)),
    "hashed rows": lambda: DataStream(Hashed(), ShuffledScheme(2**40, 3, seed=1)),
    "hashed rows in epochs": lambda: DataStream(
        Hashed(), SequentialScheme(2**62, 3, examples_per_epoch=7)
    ),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("abandon", [[], [2, 0]])
def test_streams_of_endless_and_generated_data_resume_at_every_point(name, abandon):
    check_resumable(STREAMS[name], epochs=4, abandon=abandon, max_items=6)


def test_data_that_knows_its_place_is_not_read_again():
    stream = DataStream(IterableDataset(Count()), examples_per_epoch=1000)
    place = list(itertools.islice(stream.get_epoch_iterator(), 900)) and stream.state_dict()
    other = DataStream(IterableDataset(Count()), examples_per_epoch=1000)
    Count.made = 0

    other.load_state_dict(place)

    assert next(other.get_epoch_iterator()) == (900,)
    assert Count.made == 1


def test_generated_data_that_knows_its_place_is_not_drawn_again():
    stream = DataStream(Placed(), ConstantScheme(10))
    place = list(itertools.islice(stream.get_epoch_iterator(), 50)) and stream.state_dict()
    other = DataStream(Placed(), ConstantScheme(10))
    Placed.drawn = 0

    other.load_state_dict(place)
    next(other.get_epoch_iterator())

    assert Placed.drawn == 10


def test_empty_data_gives_empty_epochs_of_any_declared_length():
    assert values(DataStream(IterableDataset([]), examples_per_epoch=3), [99, 99]) == [[], []]


def test_a_generator_is_good_for_the_epochs_that_it_fills():
    stream = DataStream(IterableDataset(number for number in range(5)), examples_per_epoch=2)
    assert values(stream, [99, 99]) == [[0, 1], [2, 3]]
    iterator = stream.get_epoch_iterator()
    assert next(iterator) == (4,)

    with pytest.raises(ValueError, match="iterated over once only"):
        next(iterator)


def test_the_length_of_epochs_is_part_of_a_place():
    stream, other = (
        DataStream(IterableDataset("abcd"), examples_per_epoch=length) for length in (2, 3)
    )

    with pytest.raises(StateMismatchError, match=r"2 an epoch.*3 an epoch"):
        other.load_state_dict(stream.state_dict())


def test_a_scheme_declares_the_length_of_epochs_itself():
    with pytest.raises(ValueError, match="give it to the scheme"):
        DataStream(IndexableDataset(np.arange(4)), SequentialScheme(4, 2), examples_per_epoch=2)


@pytest.mark.parametrize("length", [0, -1])
def test_an_epoch_has_an_example(length):
    with pytest.raises(ValueError, match=f"examples_per_epoch={length} must be 1 or more"):
        DataStream(IterableDataset("ab"), examples_per_epoch=length)
