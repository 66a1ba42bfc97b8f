import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel import config
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import ConstantScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import Batch, Cache, Pack, Padding, SegmentRows, Segments, text
from fuel.transformers.sequences import NGrams, Window

LABELS = {"words": ("time", "feature")}
SHORT = st.lists(st.lists(st.integers(1, 99), max_size=9), min_size=1, max_size=12)


def sequences(values, labels=None, source="words"):
    return DataStream(IterableDataset({source: values}, axis_labels=labels))


def batches(**sources):
    """One batch of everything."""
    columns = {name: list(values) for name, values in sources.items()}
    size = len(next(iter(columns.values())))
    return DataStream(IndexableDataset(columns), SequentialScheme(size, size))


def first(stream):
    return next(stream.get_epoch_iterator())


def listed(stream):
    return [tuple(map(plain, item)) for item in stream.get_epoch_iterator()]


def plain(part):
    return part.tolist() if isinstance(part, np.ndarray | np.generic) else part


@given(SHORT)
def test_padding_adds_zeros_and_a_mask_of_where_there_is_data(values):
    padded, mask = first(Padding(batches(words=values)))

    length = max(map(len, values))
    for row, own, example in zip(padded, mask, values, strict=True):
        assert row.tolist() == example + [0] * (length - len(example))
        assert own.tolist() == [1] * len(example) + [0] * (length - len(example))
    assert mask.dtype == np.dtype(config.floatX)


def test_a_mask_follows_its_source():
    stream = Padding(
        batches(a=[[1], [2, 3]], b=[4, 5], c=[[6], [7]]), ("c", "a"), mask_dtype="bool"
    )

    assert stream.sources == ("a", "a_mask", "b", "c", "c_mask")
    assert [plain(part) for part in first(stream)] == [
        [[1, 0], [2, 3]],
        [[True, False], [True, True]],
        [4, 5],
        [[6], [7]],
        [[True], [True]],
    ]


def test_padding_keeps_labels_and_the_mask_has_the_first_two():
    ragged = Batch(sequences([np.ones((2, 3)), np.ones((1, 3))], LABELS), ConstantScheme(2))

    stream = Padding(ragged)

    assert first(stream)[0].shape == (2, 2, 3)
    assert stream.axis_labels == {
        "words": ("batch", "time", "feature"),
        "words_mask": ("batch", "time"),
    }


def test_padding_copes_with_labels_that_are_unknown():
    ragged = Batch(sequences([[1]], {"words": None}), ConstantScheme(1))

    assert Padding(ragged).axis_labels == {"words": None, "words_mask": None}


@pytest.mark.parametrize(
    ("examples", "dtype"),
    [
        ([np.zeros(0, np.int16), np.ones(2, np.int16)], np.int16),
        ([[], [2**60 + 1, 2]], np.int64),
        ([np.ones(1, np.uint8), np.ones(2, np.float32)], np.float32),
        ([np.ones((0, 3), np.int8), np.ones((2, 3), np.int8)], np.int8),
        ([["a"], ["bcd", "e"]], np.dtype("U3")),
    ],
)
def test_the_type_of_padded_data_holds_all_examples(examples, dtype):
    padded, _ = first(Padding(batches(words=examples)))

    assert padded.dtype == dtype
    assert plain(padded[1]) == plain(np.asarray(examples[1]))


def test_what_is_a_rectangle_already_gets_a_mask():
    words = np.arange(6, dtype=np.int16).reshape(2, 3)
    stream = DataStream(IndexableDataset({"words": words}), SequentialScheme(2, 2))

    padded, mask = first(Padding(stream, lengths=[2, 4]))

    assert padded.tolist() == [[0, 1, 2, 0], [3, 4, 5, 0]]
    assert mask.tolist() == [[1, 1, 1, 0]] * 2
    assert padded.dtype == np.int16


def test_padding_to_given_lengths_makes_few_shapes():
    words = sequences([[1] * length for length in range(1, 9)])

    stream = Padding(Batch(words, ConstantScheme(1)), lengths=[8, 3])

    assert [padded.shape[1] for padded, _ in stream.get_epoch_iterator()] == [3] * 3 + [8] * 5


def test_a_sequence_beyond_all_lengths_is_an_error():
    with pytest.raises(ValueError, match="a sequence of 3 elements, but the greatest .* is 2"):
        first(Padding(batches(words=[[1, 2, 3]]), lengths=[2]))


@pytest.mark.parametrize("lengths", [[], [0, 3]])
def test_lengths_to_pad_to_are_positive_numbers(lengths):
    with pytest.raises(ValueError, match="one or more positive numbers"):
        Padding(batches(words=[[1]]), lengths=lengths)


def test_sequences_to_pad_differ_in_the_first_axis_only():
    with pytest.raises(ValueError, match=r"shapes \[\(1, 2\), \(1, 3\)\]"):
        first(Padding(batches(words=[np.ones((1, 2)), np.ones((1, 3))])))


def test_numbers_cannot_be_padded():
    with pytest.raises(ValueError, match="'words' are no sequences.* mask_sources"):
        first(Padding(batches(words=[1, 2])))


def test_padding_needs_batches_and_free_names():
    with pytest.raises(ValueError, match="make batches first"):
        Padding(sequences([[1]]))
    with pytest.raises(ValueError, match=r"names of masks, \['a_mask'\]"):
        Padding(batches(a=[[1]], a_mask=[[1]]))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0, 2, 2, True), [([1, 2], [1, 2]), ([2, 3], [2, 3]), ([3, 4], [3, 4])]),
        ((1, 2, 2, True), [([1, 2], [2, 3]), ([2, 3], [3, 4])]),
        ((0, 2, 1, False), [([1, 2], [3]), ([2, 3], [4])]),
        ((1, 1, 2, False), [([1], [3, 4])]),
        ((-1, 2, 1, False), [([1, 2], [2]), ([2, 3], [3]), ([3, 4], [4])]),
        ((3, 1, 1, True), [([1], [4])]),
        ((-1, 2, 2, True), [([2, 3], [1, 2]), ([3, 4], [2, 3])]),
        ((-3, 2, 1, False), [([2, 3], [1]), ([3, 4], [2])]),
    ],
)
def test_windows_slide_over_each_sequence(arguments, expected):
    stream = Window(*arguments, sequences([[1, 2, 3, 4], [5], []]))

    assert list(stream.get_epoch_iterator()) == expected
    assert stream.sources == ("words", "targets")
    assert stream.produces_examples


@given(SHORT, st.integers(-4, 3), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_windows_stand_at_every_place_where_both_fit(values, offset, size, target, overlapping):
    stream = Window(offset, size, target, overlapping, sequences(values))

    begin = offset if overlapping else size + offset
    assert list(stream.get_epoch_iterator()) == [
        (value[place : place + size], value[place + begin : place + begin + target])
        for value in values
        for place in range(len(value))
        if place + size <= len(value) and 0 <= place + begin <= len(value) - target
    ]


def test_n_grams_are_also_where_the_release_of_fuel_has_them():
    assert text.NGrams is NGrams


def test_n_grams_come_with_the_element_that_follows():
    stream = NGrams(2, sequences([np.arange(4), np.arange(2)]), target_source="next")

    assert listed(stream) == [([0, 1], 2), ([1, 2], 3)]
    assert stream.sources == ("words", "next")


def test_windows_and_n_grams_have_the_axes_of_the_sequences():
    both = ("time", "feature")

    assert Window(0, 1, 1, False, sequences([[1]], LABELS)).axis_labels == {
        "words": both,
        "targets": both,
    }
    assert NGrams(1, sequences([[1]], LABELS)).axis_labels == {
        "words": both,
        "targets": ("feature",),
    }
    assert NGrams(1, sequences([[1]], {"words": None})).axis_labels == {
        "words": None,
        "targets": None,
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NGrams(1, batches(words=[[1]])), "produces batches; Unpack"),
        (lambda: Window(0, 1, 1, True, batches(words=[[1]])), "produces batches; Unpack"),
        (
            lambda: NGrams(1, DataStream(IterableDataset({"a": [[1]], "b": [[1]]}))),
            "FilterSources",
        ),
        (lambda: NGrams(0, sequences([[1]])), "source_window=0"),
        (lambda: Window(0, 1, 0, True, sequences([[1]])), "target_window=0"),
        (lambda: NGrams(1, sequences([[1]]), "words"), "is there already"),
    ],
)
def test_what_windows_cannot_slide_over_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@given(SHORT, st.integers(1, 4))
def test_segments_put_together_are_the_sequences(values, length):
    rebuilt = []
    for segment, begins in Segments(sequences(values), length).get_epoch_iterator():
        assert 1 <= len(segment) <= length
        if begins:
            rebuilt.append([])
        assert len(rebuilt[-1]) % length == 0
        rebuilt[-1] += segment

    assert rebuilt == [value for value in values if value]


def test_batches_are_cut_along_time_and_rows_go_on():
    stream = Segments(Padding(batches(words=[[1, 2, 3], [4]]), mask_dtype=int), 2)

    assert stream.sources == ("words", "words_mask", "begins")
    assert listed(stream) == [
        ([[1, 2], [4, 0]], [[1, 1], [1, 0]], [True, True]),
        ([[3], [0]], [[1], [0]], [False, False]),
    ]


def test_batches_that_are_lists_are_cut_too():
    assert listed(Segments(batches(words=[[1, 2, 3], [4, 5, 6]]), 2)) == [
        ([[1, 2], [4, 5]], [True, True]),
        ([[3], [6]], [False, False]),
    ]


def test_segments_keep_labels():
    examples = Segments(sequences([np.ones((2, 3))], LABELS), 1)
    rows = Segments(Batch(sequences([np.ones((2, 3))], LABELS), ConstantScheme(1)), 1)

    assert examples.axis_labels == {**LABELS, "begins": ()}
    assert rows.axis_labels == {"words": ("batch", "time", "feature"), "begins": ("batch",)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Segments(sequences([[1]]), 0), "length=0"),
        (lambda: Segments(sequences([[1]]), 1, begins_source="words"), "choose another"),
        (lambda: first(Segments(batches(words=[[1], [2, 3]]), 1)), "can be padded by Padding"),
        (lambda: first(Segments(batches(words=[1, 2]), 1)), "batches of sequences"),
        (
            lambda: first(Segments(DataStream(IterableDataset({"a": ["x"], "b": ["xy"]})), 1)),
            r"lengths \[1, 2\]",
        ),
    ],
)
def test_what_cannot_be_cut_into_segments_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@given(SHORT, st.integers(1, 3), st.integers(1, 4))
def test_rows_of_segments_hold_one_sequence_after_the_other(values, rows, length):
    found = [[] for _ in range(rows)]
    for data, begins, mask in SegmentRows(sequences(values), rows, length).get_epoch_iterator():
        assert data.shape == begins.shape == mask.shape == (rows, length)
        assert not data[mask == 0].any()
        for row in range(rows):
            for element, start, real in zip(data[row], begins[row], mask[row], strict=True):
                if start:
                    found[row].append([])
                if real:
                    found[row][-1].append(int(element))
                else:
                    assert not start

    together = [sequence for row in found for sequence in row]
    assert sorted(together) == sorted(value for value in values if value)


def test_rows_of_segments_are_padded_at_the_end_of_an_epoch_only():
    values = [[number] * length for number, length in enumerate([5, 1, 4, 2, 7, 3, 2, 6], 1)]

    masks = [mask for _, _, mask in SegmentRows(sequences(values), 2, 3).get_epoch_iterator()]

    full = [bool(mask.all()) for mask in masks]
    assert full == sorted(full, reverse=True)
    assert full.count(True) >= sum(map(len, values)) // 6 - 2


def test_rows_of_segments_cut_all_sources_alike_and_label_what_they_add():
    pairs = {"words": [np.arange(3), np.arange(5)], "tags": [np.arange(3) + 7, np.arange(5) + 7]}
    stream = SegmentRows(
        DataStream(IterableDataset(pairs, axis_labels={"words": ("time",), "tags": None})),
        2,
        2,
        mask_dtype="int8",
    )

    for words, tags, _, mask in stream.get_epoch_iterator():
        assert np.array_equal(tags, (words + 7) * mask)
        assert mask.dtype == np.int8
    assert stream.axis_labels == {
        "words": ("batch", "time"),
        "tags": None,
        "begins": ("batch", "time"),
        "mask": ("batch", "time"),
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SegmentRows(sequences([[1]]), 0, 1), "rows=0"),
        (lambda: SegmentRows(sequences([[1]]), 1, 0), "length=0"),
        (lambda: SegmentRows(sequences([[1]]), 1, 1, mask_source="words"), "all be different"),
        (lambda: SegmentRows(batches(words=[[1]]), 1, 1), "Unpack them"),
        (
            lambda: first(SegmentRows(DataStream(IterableDataset({"a": ["x"], "b": [""]})), 1, 1)),
            r"lengths \[1, 0\]",
        ),
    ],
)
def test_what_cannot_be_rows_of_segments_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@given(SHORT, st.integers(9, 20))
def test_packed_rows_hold_every_sequence_once_with_its_positions(values, row_length):
    data, segments, positions = first(Pack(batches(words=values), row_length))

    found = []
    for row, own, place in zip(data, segments, positions, strict=True):
        assert not row[own == 0].any()
        for segment in range(1, own.max(initial=0) + 1):
            found.append(row[own == segment].tolist())
            assert place[own == segment].tolist() == list(range(len(found[-1])))
    assert sorted(filter(None, found)) == sorted(filter(None, values))
    assert data.shape == segments.shape == positions.shape == (len(data), row_length)


def test_a_sequence_goes_to_the_first_row_with_room():
    lengths = [6, 5, 4, 3, 2, 1]
    values = [[number] * length for number, length in enumerate(lengths, 1)]

    data, segments, _ = first(Pack(batches(words=values), 10))

    assert data.tolist() == [[1] * 6 + [3] * 4, [2] * 5 + [4] * 3 + [5] * 2, [6] + [0] * 9]
    assert segments[1].tolist() == [1] * 5 + [2] * 3 + [3] * 2


def test_packed_batches_may_have_a_fixed_number_of_rows():
    data, segments, _ = first(Pack(batches(words=[[1, 2]]), 3, rows=2))

    assert data.tolist() == [[1, 2, 0], [0, 0, 0]]
    assert segments.tolist() == [[1, 1, 0], [0, 0, 0]]


def test_packing_in_a_stream_gives_batches_of_one_size():
    values = [[number] * (number % 5 + 1) for number in range(1, 40)]

    packed = Pack(Batch(sequences(values), ConstantScheme(13)), 6)
    stream = Cache(packed, ConstantScheme(4))

    sizes = [len(data) for data, _, _ in stream.get_epoch_iterator()]
    assert sizes[:-1] == [4] * (len(sizes) - 1)
    found = np.concatenate([data.ravel() for data, _, _ in stream.get_epoch_iterator()])
    counts = np.bincount(found, minlength=40)[1:]
    assert counts.tolist() == [number % 5 + 1 for number in range(1, 40)]


def test_packing_keeps_labels_and_types():
    ragged = Batch(sequences([np.ones((2, 3), np.float32)], LABELS), ConstantScheme(1))

    stream = Pack(ragged, 4, segments_source="s", positions_source="p")

    data, segments, positions = first(stream)
    assert (data.shape, data.dtype) == ((1, 4, 3), np.float32)
    assert segments.dtype == positions.dtype == np.int32
    assert stream.sources == ("words", "s", "p")
    assert stream.axis_labels == {
        "words": ("batch", "time", "feature"),
        "s": ("batch", "time"),
        "p": ("batch", "time"),
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pack(sequences([[1]]), 3), "make batches first"),
        (lambda: Pack(batches(words=[[1]]), 0), "row_length=0"),
        (lambda: Pack(batches(words=[[1]]), 3, segments_source="words"), "all be different"),
        (lambda: first(Pack(batches(words=[[1] * 4]), 3)), "4 elements does not fit .* of 3"),
        (
            lambda: first(Pack(batches(words=[[1] * 3, [1]]), 3, rows=1)),
            "do not fit in 1 rows of 3",
        ),
        (lambda: first(Pack(batches(a=[[1]], b=[2]), 3)), "not all .* are sequences"),
        (lambda: first(Pack(batches(a=[[1]], b=[[2, 3]]), 3)), "different lengths"),
    ],
)
def test_what_cannot_be_packed_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
