import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import ConstantScheme, SequentialExampleScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import (
    Batch,
    BatchByLength,
    Cache,
    Filter,
    Mapping,
    SortMapping,
    Unpack,
)

LABELS = {"x": ("batch", "feature"), "y": None}


def batches(examples=100, size=11, labels=LABELS):
    """Batches of pairs of numbers and of numbers, in order."""
    x = np.arange(2 * examples).reshape(examples, 2)
    dataset = IndexableDataset({"x": x, "y": np.arange(examples)}, axis_labels=labels)
    return DataStream(dataset, SequentialScheme(examples, size))


def examples(values, source="x", labels=None):
    return DataStream(IterableDataset({source: values}, axis_labels=labels))


def test_a_cache_holds_what_is_left_of_batches():
    stream = Cache(batches(), ConstantScheme(7))

    sizes, left = [], []
    for x, y in stream.get_epoch_iterator():
        assert np.array_equal(x[:, 0], 2 * y)
        sizes.append(len(y))
        left.append(len(stream.cache[0]))

    assert sizes == [7] * 14 + [100 % 7]
    assert left == [4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 0, 4, 8, 1, 0]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 30))
def test_a_cache_gives_all_examples_in_order_in_batches_of_the_size_requested(size, asked, count):
    stream = Cache(batches(count, size), ConstantScheme(asked))

    found = [y for _, y in stream.get_epoch_iterator()]

    assert [len(y) for y in found[:-1]] == [asked] * (len(found) - 1)
    assert [number for y in found for number in y] == list(range(count))


def test_what_a_cache_holds_are_the_examples_that_follow():
    stream = Cache(batches(), ConstantScheme(7))
    next(stream.get_epoch_iterator())

    assert stream.cache[1] == [7, 8, 9, 10]


def test_a_cache_keeps_labels_and_joins_ragged_batches():
    ragged = Batch(examples([[1], [2, 3], [4], [5, 6]], labels={"x": ("time",)}), ConstantScheme(2))

    cache = Cache(ragged, ConstantScheme(3))
    first, last = cache.get_epoch_iterator()

    assert first[0].dtype == object
    assert [list(example) for example in first[0]] == [[1], [2, 3], [4]]
    assert [list(example) for example in last[0]] == [[5, 6]]
    assert cache.axis_labels == {"x": ("batch", "time")}


def test_a_cache_joins_rectangles_of_different_widths_as_objects():
    same = Batch(examples([[1], [2], [4, 5], [5, 6]]), ConstantScheme(2))

    ((joined,),) = Cache(same, ConstantScheme(4)).get_epoch_iterator()

    assert [list(example) for example in joined] == [[1], [2], [4, 5], [5, 6]]


@pytest.mark.parametrize("scheme", [SequentialScheme(9, 3), SequentialExampleScheme(9)])
def test_a_cache_needs_a_scheme_of_sizes(scheme):
    with pytest.raises(ValueError, match="Cache needs a scheme of batch sizes"):
        Cache(batches(), scheme)


def test_a_cache_needs_batches():
    with pytest.raises(ValueError, match="produces examples; use Batch"):
        Cache(examples([1]), ConstantScheme(2))


def test_batches_are_unpacked_into_examples_without_the_first_axis():
    stream = Unpack(batches(5, 2))

    found = list(stream.get_epoch_iterator())

    assert [(x.tolist(), y) for x, y in found] == [([2 * i, 2 * i + 1], i) for i in range(5)]
    assert stream.produces_examples
    assert stream.axis_labels == {"x": ("feature",), "y": None}


def test_an_empty_batch_has_no_examples():
    emptied = Mapping(batches(6, 2), lambda batch: tuple(part[part[0] == 0 :] for part in batch))
    none = Mapping(
        batches(6, 2), lambda b: tuple(part[: 0 if b[1][0] == 2 else None] for part in b)
    )

    assert [y for _, y in Unpack(none).get_epoch_iterator()] == [0, 1, 4, 5]
    assert emptied.produces_examples is False


def test_a_batch_of_sources_of_different_lengths_cannot_be_unpacked():
    uneven = Mapping(batches(4, 2), lambda batch: (batch[0], batch[1][:1]))

    with pytest.raises(ValueError, match=r"\('x', 'y'\) of a batch have the lengths \[2, 1\]"):
        next(Unpack(uneven).get_epoch_iterator())


def test_examples_are_not_unpacked():
    with pytest.raises(ValueError, match="produces examples already"):
        Unpack(examples([1]))


def test_batches_sorted_by_length_can_be_unpacked_and_collected_again():
    words = examples(["ccc", "a", "bb", "dddd", "e", "ff"])

    by_length = Mapping(Batch(words, ConstantScheme(6)), SortMapping(lambda word: len(word[0])))
    again = Batch(Unpack(by_length), ConstantScheme(2))

    assert [batch.tolist() for (batch,) in again.get_epoch_iterator()] == [
        ["a", "e"],
        ["bb", "ff"],
        ["ccc", "dddd"],
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_sorting_a_batch_keeps_the_order_of_equals_and_what_is_an_array(reverse):
    x, y, z = np.array([3, 1, 2, 1]), ["a", "b", "c", "d"], np.array([[3], [1], [2], [1]])

    sorted_x, sorted_y, sorted_z = SortMapping(lambda example: example[0], reverse)((x, y, z))

    order = sorted(range(4), key=lambda i: x[i], reverse=reverse)
    assert np.array_equal(sorted_x, x[order])
    assert sorted_y == [y[i] for i in order]
    assert np.array_equal(sorted_z, z[order])


def test_sorting_ragged_examples_keeps_them_ragged():
    ragged = np.empty(2, dtype=object)
    ragged[0], ragged[1] = np.arange(3), np.arange(2)

    (found,) = SortMapping(lambda example: len(example[0]))((ragged,))

    assert found.dtype == object
    assert [example.tolist() for example in found] == [[0, 1], [0, 1, 2]]


def test_a_sorted_batch_has_the_labels_it_had():
    assert Mapping(batches(), SortMapping(lambda example: example[1])).axis_labels == LABELS


def test_a_filter_keeps_examples_that_fulfil_its_condition_and_their_labels():
    stream = Filter(examples([1, 2, 3, 4], labels={"x": None}), lambda example: example[0] > 2)

    assert list(stream.get_epoch_iterator()) == [(3,), (4,)]
    assert stream.axis_labels == {"x": None}
    assert stream.produces_examples


def test_a_filter_keeps_whole_batches():
    stream = Filter(batches(6, 2), lambda batch: batch[1].sum() > 3)

    assert [y.tolist() for _, y in stream.get_epoch_iterator()] == [[2, 3], [4, 5]]
    assert not stream.produces_examples


def test_a_filter_gives_dictionaries_if_asked():
    stream = Filter(examples([1, 2]), lambda example: example[0] > 1)

    assert list(stream.get_epoch_iterator(as_dict=True)) == [{"x": 2}]


def test_an_epoch_does_not_end_because_a_condition_raises_stop_iteration():
    with pytest.raises(RuntimeError, match="Filter raised StopIteration"):
        list(Filter(examples([1]), lambda example: next(iter(()))).get_epoch_iterator())


def test_a_condition_must_be_a_function():
    with pytest.raises(TypeError, match="predicate=3 is no function"):
        Filter(examples([1]), 3)


def test_bytes_keep_the_zeros_at_their_ends_in_a_batch():
    ((batch,),) = Batch(examples([b"a\0", b"bc"]), ConstantScheme(2)).get_epoch_iterator()

    assert batch.tolist() == [b"a\0", b"bc"]


def test_nested_lists_of_different_lengths_are_examples_too():
    ((batch,),) = Batch(examples([[[1], [2, 3]], [[4]]]), ConstantScheme(2)).get_epoch_iterator()

    assert batch.tolist() == [[[1], [2, 3]], [[4]]]


LENGTHS = [5, 1, 3, 2, 2, 1, 4, 5, 3, 1, 1, 2, 6, 6]


def by_length(**kwargs):
    words = [np.full(length, number) for number, length in enumerate(LENGTHS)]
    return BatchByLength(examples(words, labels={"x": ("time",)}), 2, 6, **kwargs)


def test_batches_by_length_hold_neighbours_in_length_of_each_buffer():
    buffers = [sorted(LENGTHS[start : start + 6]) for start in (0, 6, 12)]

    found = [sorted(map(len, batch)) for (batch,) in by_length().get_epoch_iterator()]

    for buffer, start in zip(buffers, (0, 3, 6), strict=True):
        pairs = [buffer[place : place + 2] for place in range(0, len(buffer), 2)]
        assert sorted(found[start : start + 3]) == sorted(pairs)


def test_batches_by_length_hold_every_example_once_in_another_order_each_epoch():
    stream = by_length()

    epochs = [
        [int(word[0]) for (batch,) in stream.get_epoch_iterator() for word in batch]
        for _ in range(4)
    ]

    assert all(sorted(epoch) == list(range(len(LENGTHS))) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert stream.axis_labels == {"x": ("batch", "time")}


def test_batches_may_be_sorted_by_something_else():
    stream = BatchByLength(examples([5, 1, 4, 2, 3, 6]), 2, 6, key=lambda example: -example[0])

    assert sorted(batch.tolist() for (batch,) in stream.get_epoch_iterator()) == [
        [2, 1],
        [4, 3],
        [6, 5],
    ]


def test_a_buffer_holds_whole_batches():
    with pytest.raises(ValueError, match="buffer_size=5 must be a multiple of batch_size=2"):
        BatchByLength(examples([1]), 2, 5)


def test_batches_are_not_collected_again_by_length():
    with pytest.raises(ValueError, match="Unpack them"):
        BatchByLength(batches(), 2, 4)


def test_a_number_in_place_of_a_scheme_is_refused_and_the_cure_is_said():
    with pytest.raises(TypeError, match=r"iteration_scheme=4 is no scheme; .* ConstantScheme"):
        Batch(examples([1, 2, 3]), 4)
