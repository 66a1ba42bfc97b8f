"""Where epochs end: at a declared number of examples, with or without a short last batch."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.datasets import IndexableDataset
from fuel.schemes import (
    ConcatenatedScheme,
    ConstantScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from fuel.streams import DataStream
from fuel.testing import check_resumable


def epoch(scheme):
    return list(scheme.get_request_iterator())


def flat(batches):
    return list(itertools.chain.from_iterable(batches))


def test_epochs_of_a_declared_length_go_on_where_the_last_one_ended():
    scheme = SequentialExampleScheme(5, examples_per_epoch=3)

    assert [epoch(scheme) for _ in range(4)] == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]


def test_an_epoch_may_be_longer_than_the_data():
    assert epoch(SequentialScheme([7, 9], 3, examples_per_epoch=5)) == [[7, 9, 7], [9, 7]]


@given(
    examples=st.integers(1, 30),
    batch_size=st.integers(1, 9),
    length=st.integers(1, 70),
    epochs=st.integers(1, 5),
    constant_memory=st.booleans(),
)
@settings(deadline=None)
def test_declared_epochs_are_stretches_of_passes_that_have_every_example_once(
    examples, batch_size, length, epochs, constant_memory
):
    made = {"seed": 6, "constant_memory": constant_memory}
    declared = ShuffledScheme(examples, batch_size, examples_per_epoch=length, **made)
    whole = ShuffledExampleScheme(examples, **made)

    drawn = [epoch(declared) for _ in range(epochs)]

    passes = flat(epoch(whole) for _ in range(-(-length * epochs // examples)))
    assert flat(map(flat, drawn)) == passes[: length * epochs]
    assert {len(flat(batches)) for batches in drawn} == {length}


def test_indices_without_end_get_epochs_of_a_declared_length():
    scheme = SequentialScheme(2**62, 2, examples_per_epoch=5)

    assert [epoch(scheme) for _ in range(2)] == [[[0, 1], [2, 3], [4]], [[5, 6], [7, 8], [9]]]


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (lambda **k: SequentialScheme(10, 4, **k), [4, 4]),
        (lambda **k: ShuffledScheme(10, 4, **k), [4, 4]),
        (lambda **k: ShuffledScheme(8, 4, seed=1, **k), [4, 4]),
        (lambda **k: ShuffledScheme(10, 4, seed=1, constant_memory=True, **k), [4, 4]),
        (lambda **k: SequentialScheme(3, 4, **k), []),
        (lambda **k: SequentialScheme(3, 4, examples_per_epoch=9, **k), [4, 4]),
    ],
)
def test_drop_last_leaves_a_short_last_batch_out(make, sizes):
    assert [len(batch) for batch in epoch(make(drop_last=True))] == sizes


def test_drop_last_changes_no_other_batch():
    plain, dropping = ShuffledScheme(10, 4), ShuffledScheme(10, 4, drop_last=True)

    assert [epoch(dropping) for _ in range(3)] == [epoch(plain)[:-1] for _ in range(3)]


SCHEMES = {
    "sequential": lambda: SequentialScheme(7, 3, examples_per_epoch=5),
    "examples": lambda: SequentialExampleScheme([5, 3, 1], examples_per_epoch=4),
    "shuffled": lambda: ShuffledScheme(7, 3, seed=2, examples_per_epoch=5),
    "shuffled examples": lambda: ShuffledExampleScheme(3, seed=2, examples_per_epoch=4),
    "several passes": lambda: ShuffledScheme(4, 3, seed=2, examples_per_epoch=11),
    "dropping": lambda: ShuffledScheme(7, 3, seed=2, examples_per_epoch=5, drop_last=True),
    "in constant memory": lambda: ShuffledScheme(
        7, 3, seed=2, examples_per_epoch=5, constant_memory=True
    ),
    "concatenated": lambda: ConcatenatedScheme(
        [SequentialScheme(7, 3, examples_per_epoch=5), ShuffledScheme(5, 2, seed=1)]
    ),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_requests_of_declared_epochs_go_on_after_pickling(name):
    requests = SCHEMES[name]().get_request_iterator()
    next(requests)

    again = pickle.loads(pickle.dumps(requests))

    assert list(again) == list(requests)


def test_requests_of_many_examples_go_on_after_pickling():
    requests = ShuffledScheme(2**18, 2**16, seed=1).get_request_iterator()
    next(requests)

    again = pickle.loads(pickle.dumps(requests))

    assert list(again) == list(requests)


@pytest.mark.parametrize("name", SCHEMES)
def test_streams_of_declared_epochs_resume_at_every_point(name):
    dataset = IndexableDataset({"x": np.arange(7)})

    check_resumable(lambda: DataStream(dataset, SCHEMES[name]()), epochs=4, abandon=[None, 1])


@given(
    parts=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=4),
    skipped=st.integers(0, 30),
)
@settings(deadline=None)
def test_skipping_in_concatenated_schemes_gives_what_would_have_followed(parts, skipped):
    scheme = ConcatenatedScheme([SequentialScheme(*part) for part in parts])
    expected = epoch(scheme)

    requests = scheme.get_request_iterator()
    requests.skip(skipped)

    assert list(requests) == expected[skipped:]


def test_concatenated_schemes_are_skipped_even_if_one_does_not_end():
    scheme = ConcatenatedScheme([ConstantScheme(2, times=3), ConstantScheme(5)])

    requests = scheme.get_request_iterator()
    requests.skip(2)

    assert list(itertools.islice(requests, 3)) == [2, 5, 5]


@pytest.mark.parametrize("argument", [{"examples_per_epoch": 3}, {"constant_memory": True}])
def test_what_needs_a_known_order_needs_a_seed(argument):
    with pytest.raises(ValueError, match="give seed="):
        ShuffledScheme(5, 2, **argument)


@pytest.mark.parametrize("length", [0, -3])
def test_an_epoch_has_an_example(length):
    with pytest.raises(ValueError, match=f"examples_per_epoch={length} must be 1 or more"):
        SequentialScheme(5, 2, examples_per_epoch=length)


def test_an_epoch_of_a_declared_length_needs_examples():
    with pytest.raises(ValueError, match="of no examples"):
        ShuffledScheme(0, 2, seed=1, examples_per_epoch=4)


def test_schemes_whose_epochs_end_elsewhere_have_other_fingerprints():
    schemes = [
        make(7, 3, **arguments)
        for make in (SequentialScheme, lambda *a, **k: ShuffledScheme(*a, seed=1, **k))
        for arguments in ({}, {"examples_per_epoch": 5}, {"drop_last": True})
    ]
    schemes.append(ShuffledScheme(7, 3, seed=1, constant_memory=True))

    assert len({scheme.fingerprint() for scheme in schemes}) == len(schemes)
