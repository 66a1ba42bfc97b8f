"""How random the orders are, and how little they need."""

import itertools
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.datasets import Dataset
from fuel.schemes import ChunkShuffledScheme, ShuffledExampleScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable

SIZES = [1000, 10_007, 32_768, 60_000, 131_073]
SEEDS = range(10)
BOUND = 4


def order(scheme):
    """The next epoch's order as an array."""
    return np.concatenate([np.asarray(batch) for batch in scheme.get_request_iterator()])


def held(examples, seed):
    return ShuffledScheme(examples, 4096, seed=seed, constant_memory=False)


def computed(examples, seed):
    return ShuffledScheme(examples, 4096, seed=seed, constant_memory=True)


def z_score(one, other):
    """The correlation of two sequences, in units of its deviation if there is none."""
    return np.corrcoef(one, other)[0, 1] * np.sqrt(len(one))


@pytest.mark.parametrize("examples", SIZES)
@pytest.mark.parametrize("make", [held, computed])
def test_neighbours_and_ranks_in_a_seeded_order_are_uncorrelated(make, examples):
    for seed in SEEDS:
        drawn = order(make(examples, seed))

        assert abs(z_score(drawn[1:], drawn[:-1])) < BOUND
        assert abs(z_score(drawn, np.arange(examples))) < BOUND


@pytest.mark.parametrize("examples", SIZES)
def test_in_a_chunk_aware_order_the_chunks_and_the_rows_of_a_pool_are_uncorrelated(examples):
    chunk_size, chunks_in_pool = 32, 8
    for seed in SEEDS:
        drawn = order(
            ChunkShuffledScheme(
                examples,
                4096,
                chunk_size=chunk_size,
                chunks_in_pool=chunks_in_pool,
                seed=seed,
            )
        )

        chunks = drawn // chunk_size
        first_seen = np.unique(chunks, return_index=True)[1]
        first_pool = drawn[: chunk_size * (chunks_in_pool - 1)]
        assert abs(z_score(first_seen, np.arange(len(first_seen)))) < BOUND
        assert abs(z_score(np.argsort(np.argsort(first_pool)), np.arange(len(first_pool)))) < BOUND


@pytest.mark.parametrize("make", [held, computed])
def test_orders_of_neighbouring_seeds_and_epochs_are_distinct_and_uncorrelated(make):
    orders = []
    for seed in range(6):
        scheme = make(3000, seed)
        orders += [order(scheme) for _ in range(6)]

    for one, other in itertools.combinations(orders, 2):
        assert abs(z_score(one, other)) < 5
        assert np.count_nonzero(one == other) < 12  # one on average, of a Poisson distribution


@pytest.mark.parametrize("make", [held, computed])
def test_every_index_is_equally_likely_to_come_first(make):
    examples, orders = 64, 3200
    firsts = [
        make(examples, seed).get_request_iterator().next_request()[0] for seed in range(orders)
    ]

    counts = np.bincount(firsts, minlength=examples)

    chi_square = np.sum((counts - orders / examples) ** 2) / (orders / examples)
    assert chi_square < (examples - 1) + BOUND * np.sqrt(2 * (examples - 1))


@given(
    examples=st.integers(0, 300) | st.sampled_from([4095, 4096, 4097, 32_769, 70_000]),
    seed=st.integers(-(2**63), 2**63),
    skipped=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_a_computed_order_has_every_index_once(examples, seed, skipped):
    scheme = ShuffledExampleScheme(examples, seed=seed, constant_memory=True)
    for _ in range(skipped):
        scheme.get_request_iterator()

    assert sorted(scheme.get_request_iterator()) == list(range(examples))


@given(
    start=st.integers(-50, 50),
    count=st.integers(1, 200),
    step=st.integers(-3, 3).filter(bool),
)
@settings(deadline=None)
def test_a_computed_order_of_given_indices_has_each_of_them_once(start, count, step):
    indices = range(start, start + count * step, step)
    for given_indices in (indices, list(indices)):
        scheme = ShuffledScheme(given_indices, 7, seed=3, constant_memory=True)

        assert sorted(order(scheme)) == sorted(indices)


def test_computed_orders_are_the_same_in_every_release():
    scheme = ShuffledExampleScheme(10, seed=1, constant_memory=True)

    assert [list(scheme.get_request_iterator()) for _ in range(2)] == [
        [5, 3, 6, 1, 7, 2, 4, 9, 8, 0],
        [9, 6, 4, 5, 0, 7, 1, 2, 8, 3],
    ]


@pytest.mark.parametrize("examples", [2**27 + 1, 10**10, 2**40 + 3])
def test_above_two_to_the_27_orders_are_computed_unless_one_says_otherwise(examples):
    chosen, asked = ShuffledScheme(examples, 4096, seed=2), computed(examples, 2)

    assert next(chosen.get_request_iterator()) == next(asked.get_request_iterator())
    assert not ShuffledScheme(examples, 64, seed=2, constant_memory=False).constant_memory
    assert not ShuffledScheme(2**27, 64, seed=2).constant_memory


def test_ten_thousand_million_examples_are_shuffled_in_a_few_megabytes():
    requests = ShuffledScheme(10**10, 128, seed=1).get_request_iterator()
    tracemalloc.start()

    seen = [np.array(requests.next_request()) for _ in range(600)]
    requests.skip(5 * 10**7)
    seen += [np.array(requests.next_request()) for _ in range(600)]

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20
    drawn = np.concatenate(seen)
    assert len(np.unique(drawn)) == len(drawn)
    assert drawn.min() >= 0
    assert drawn.max() < 10**10


class Rows(Dataset):
    """Any number of rows: what is read of a row is its number."""

    provides_sources = ("row",)
    accepts_arrays = True

    def get_data(self, state=None, request=None):
        return (np.array(request),)


def test_a_stream_of_ten_thousand_million_shuffled_rows_resumes_at_every_point():
    check_resumable(
        lambda: DataStream(Rows(), ShuffledScheme(10**10, 16, seed=4)), epochs=2, max_items=20
    )


def test_more_than_can_be_shuffled_is_refused():
    scheme = ShuffledScheme(2**62 + 1, 2, seed=1)

    with pytest.raises(ValueError, match="more than"):
        scheme.get_request_iterator()


def test_the_next_order_of_many_examples_is_begun_when_half_of_this_one_is_read():
    def making():
        return [thread for thread in threading.enumerate() if thread.name == "fuel-order"]

    scheme = ShuffledScheme(2**21, 4096, seed=987)
    requests = scheme.get_request_iterator()
    requests.skip(2**8 - 1)
    requests.next_request()
    before = making()

    requests.next_request()

    (thread,) = making()
    assert before == []
    thread.join()
    assert len(set(order(scheme)[:5000].tolist())) == 5000


def test_an_order_is_the_same_whoever_makes_it_and_when():
    examples = 2**18
    straight, ahead = (
        ShuffledScheme(examples, 4096, seed=55),
        ShuffledScheme(examples, 4096, seed=55),
    )
    expected = [order(straight) for _ in range(3)]

    ahead.load_state_dict({"epoch": 1})

    assert [np.array_equal(order(ahead), wanted) for wanted in expected[1:]] == [True, True]
