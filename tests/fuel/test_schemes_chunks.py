import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.datasets import IndexableDataset
from fuel.schemes import ChunkShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable

LAYOUTS = {
    "examples": st.integers(0, 120),
    "batch_size": st.integers(1, 20),
    "chunk_size": st.integers(1, 20),
    "chunks_in_pool": st.integers(1, 6),
    "offset": st.integers(0, 40),
    "seed": st.integers(0, 2**40),
}


def scheme(examples=100, batch_size=8, *, chunk_size=10, chunks_in_pool=3, seed=1, **kwargs):
    return ChunkShuffledScheme(
        examples,
        batch_size,
        chunk_size=chunk_size,
        chunks_in_pool=chunks_in_pool,
        seed=seed,
        **kwargs,
    )


def epoch(scheme):
    return list(itertools.chain.from_iterable(scheme.get_request_iterator()))


@given(**LAYOUTS)
@settings(deadline=None)
def test_every_row_comes_once_in_every_epoch(**layout):
    made = scheme(**layout)

    for _ in range(2):
        assert sorted(epoch(made)) == list(range(layout["examples"]))


@given(**LAYOUTS)
@settings(deadline=None)
def test_no_chunk_of_the_file_is_needed_in_two_pools(**layout):
    rows = epoch(scheme(**layout))

    chunks = (np.array(rows, dtype=int) + layout["offset"]) // layout["chunk_size"]
    sizes = [np.count_nonzero(chunks == chunk) for chunk in dict.fromkeys(chunks.tolist())]
    open_chunks: set[int] = set()
    left: dict[int, int] = dict(zip(dict.fromkeys(chunks.tolist()), sizes, strict=True))
    for chunk in chunks.tolist():
        open_chunks.add(chunk)
        assert len(open_chunks) <= layout["chunks_in_pool"]
        left[chunk] -= 1
        if not any(left[other] for other in open_chunks):
            open_chunks.clear()


@given(skipped=st.lists(st.integers(0, 5), max_size=8), **LAYOUTS)
@settings(deadline=None)
def test_skipping_gives_what_would_have_followed(skipped, **layout):
    expected = list(scheme(**layout).get_request_iterator())
    requests = scheme(**layout).get_request_iterator()

    place = 0
    for count in skipped:
        requests.skip(count)
        place += count
        assert next(requests, None) == (expected[place] if place < len(expected) else None)
        place += 1


def test_orders_depend_on_seed_and_epoch_alone():
    orders = set()
    for seed in range(5):
        made, again = scheme(seed=seed), scheme(seed=seed)
        for _ in range(5):
            order = tuple(epoch(made))
            assert order == tuple(epoch(again))
            orders.add(order)

    assert len(orders) == 25


def test_a_pool_of_all_chunks_is_a_full_shuffle():
    rows = epoch(scheme(5000, chunk_size=50, chunks_in_pool=100))

    ranks = np.corrcoef(rows, np.arange(5000))[0, 1] * np.sqrt(5000)
    neighbours = np.corrcoef(rows[1:], rows[:-1])[0, 1] * np.sqrt(5000)
    assert abs(ranks) < 4
    assert abs(neighbours) < 4


@pytest.mark.parametrize("layout", [{}, {"offset": 7}, {"drop_last": True}, {"chunks_in_pool": 50}])
def test_a_stream_of_chunk_shuffled_batches_resumes_at_every_point(layout):
    dataset = IndexableDataset({"row": np.arange(100)})

    check_resumable(lambda: DataStream(dataset, scheme(**layout)), epochs=2, abandon=[3])


def test_a_place_in_another_layout_is_refused():
    layouts = [
        {},
        {"chunk_size": 11},
        {"chunks_in_pool": 4},
        {"offset": 1},
        {"seed": 2},
        {"batch_size": 9},
    ]

    assert len({scheme(**layout).fingerprint() for layout in layouts}) == len(layouts)


def test_examples_are_given_by_their_number():
    with pytest.raises(TypeError, match="offset="):
        scheme([3, 4])


@pytest.mark.parametrize("argument", ["chunk_size", "chunks_in_pool"])
def test_chunks_and_pools_hold_something(argument):
    with pytest.raises(ValueError, match=f"{argument}=0 must be 1 or more"):
        scheme(**{argument: 0})


def test_a_row_of_the_file_is_not_negative():
    with pytest.raises(ValueError, match="offset=-1"):
        scheme(offset=-1)
