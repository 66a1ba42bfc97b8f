import numpy as np
import pytest
import streams_of_sequences as streams
from hypothesis import given
from hypothesis import strategies as st

from fuel.datasets import IndexableDataset
from fuel.schemes import BucketScheme, PackScheme
from fuel.streams import DataStream
from fuel.transformers import Pack, Padding

LENGTHS = st.lists(st.integers(0, 12), max_size=60)
SEEDS = st.none() | st.integers(0, 5)


def requests(scheme):
    return list(scheme.get_request_iterator())


@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_batches_of_a_bucket_scheme_hold_each_example_once_with_its_bucket(lengths, seed, size):
    scheme = BucketScheme(lengths, [3, 7, 12], size, seed=seed)

    for _ in range(2):
        batches = requests(scheme)
        assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
        for batch in batches:
            assert len({sum(lengths[index] > bound for bound in (3, 7)) for index in batch}) == 1
            assert 1 <= len(batch) <= size


def test_without_a_seed_buckets_and_examples_come_in_order():
    scheme = BucketScheme([9, 2, 3, 8, 1, 4], [10, 4], [4, 1])

    assert requests(scheme) == requests(scheme) == [[1, 2, 4, 5], [0], [3]]
    assert scheme.boundaries == [4, 10]


def test_a_short_batch_of_a_bucket_may_be_left_out():
    scheme = BucketScheme([1] * 5 + [9] * 4, [5, 10], 2, seed=0, drop_last=True)

    sizes = [len(batch) for batch in requests(scheme)]

    assert sizes == [2] * 4


def test_examples_and_batches_are_shuffled_by_seed_and_epoch():
    lengths = np.arange(200) % 10

    def epochs(seed):
        scheme = BucketScheme(lengths, [4, 9], 10, seed=seed)
        return [requests(scheme) for _ in range(3)]

    assert epochs(1) == epochs(1)
    orders = [str(order) for seed in range(3) for order in epochs(seed)]
    assert len(set(orders)) == 9
    buckets = [lengths[batch[0]] > 4 for batch in epochs(1)[0]]
    assert buckets not in (sorted(buckets), sorted(buckets, reverse=True))


@given(LENGTHS, SEEDS, st.integers(1, 4), st.integers(1, 9))
def test_requests_of_a_pack_scheme_are_packed_into_the_rows_promised(lengths, seed, rows, waiting):
    scheme = PackScheme(lengths, 12, rows, waiting=waiting, seed=seed)
    ragged = np.empty(len(lengths), dtype=object)
    for number, length in enumerate(lengths):
        ragged[number] = np.full(length, number)
    stream = Pack(DataStream(IndexableDataset({"x": ragged}), scheme), 12, rows=rows)

    for _ in range(2):
        found: list[int] = []
        for x, segments, _ in stream.get_epoch_iterator():
            assert x.shape == (rows, 12)
            found.extend(x[segments > 0].tolist())
        assert np.bincount(found, minlength=len(lengths)).tolist() == lengths


def test_sequences_that_fit_nowhere_are_the_first_of_the_next_batch():
    scheme = PackScheme([3, 4, 1, 5, 2, 5, 1], row_length=5, rows=1, waiting=2)

    assert requests(scheme) == [[0, 2], [1], [3], [4, 6], [5]]


def test_packing_leaves_little_room():
    lengths = np.random.default_rng(0).integers(1, 512, 2000)
    batches = requests(PackScheme(lengths, 1024, 8, seed=0))

    assert lengths.sum() / (1024 * 8 * len(batches)) > 0.97


@pytest.mark.parametrize("scheme", [
    lambda lengths: BucketScheme(lengths, [5, 10], 3, seed=1),
    lambda lengths: PackScheme(lengths, 10, 2, seed=1),
])  # fmt: skip
def test_a_place_fits_schemes_of_the_same_lengths_only(scheme):
    assert scheme([1, 2, 9]).fingerprint() == scheme(np.array([1, 2, 9])).fingerprint()
    assert scheme([1, 2, 9]).fingerprint() != scheme([1, 2, 8]).fingerprint()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BucketScheme([1, 7], [3, 5], 2), ValueError, "example 1 has length 7.* is 5"),
        (lambda: BucketScheme([1], [], 2), ValueError, "boundaries is empty"),
        (lambda: BucketScheme([1], [0, 5], 2), ValueError, "a boundary=0"),
        (lambda: BucketScheme([1], [5], 0), ValueError, "batch_size=0"),
        (lambda: BucketScheme([1], [3, 5], [1, 2, 3]), ValueError, "or 2, one for each bucket"),
        (lambda: BucketScheme([1.5], [3], 1), TypeError, "lengths are integers, not float64"),
        (lambda: BucketScheme([-1], [3], 1), ValueError, "zero or more, not -1"),
        (lambda: BucketScheme([[1]], [3], 1), ValueError, "one number an example"),
        (lambda: BucketScheme([1], [3], 1, seed=0.5), TypeError, "integer"),
        (lambda: PackScheme([4, 7], 5, 1), ValueError, "sequence 1 has length 7.* is 5"),
        (lambda: PackScheme([1], 5, 0), ValueError, "rows=0"),
        (lambda: PackScheme([1], 0, 1), ValueError, "row_length=0"),
        (lambda: PackScheme([1], 5, 1, waiting=0), ValueError, "waiting=0"),
    ],
)
def test_what_cannot_be_grouped_by_length_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_padded_to_the_boundaries_a_bucketed_stream_has_one_shape_a_bucket():
    scheme = BucketScheme(streams.LENGTHS, [4, 8], [3, 2], seed=1, drop_last=True)

    stream = Padding(streams.text_batches(scheme), lengths=scheme.boundaries)

    assert {words.shape for words, _ in stream.get_epoch_iterator()} == {(3, 4), (2, 8)}


def test_the_shards_of_a_planned_stream_have_all_its_batches():
    def stream():
        return streams.text_batches(BucketScheme(streams.LENGTHS, [4, 8], 3, seed=1))

    whole = streams.epoch(stream())
    parts = [streams.epoch(stream().shard(index, 2)) for index in range(2)]

    assert parts == [whole[0::2], whole[1::2]]
