import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel.utils import Subset

indices = st.lists(st.integers(0, 11), min_size=1)


@given(indices, indices)
def test_the_union_of_subsets_is_that_of_their_examples(one, other):
    union = Subset(one, 12) + Subset(other, 12)

    assert union.get_list_representation() == sorted({*one, *other})


@given(indices, st.data())
def test_a_list_request_means_the_elements_it_counts_to(chosen, data):
    subset, sequence = Subset(chosen, 12), np.arange(12) * 10
    request = data.draw(st.lists(st.integers(0, subset.num_examples - 1), min_size=1))

    found = subset.index_within_subset(sequence, request)

    assert found.tolist() == [sorted(set(chosen))[place] * 10 for place in request]


@given(indices, st.data())
def test_a_slice_request_means_the_elements_it_counts_to(chosen, data):
    subset = Subset(chosen, 12)
    stop = data.draw(st.integers(1, subset.num_examples))
    start = data.draw(st.integers(0, stop - 1))
    request = slice(start, stop, data.draw(st.sampled_from([None, 1, 2])))

    found = subset.index_within_subset(np.arange(12), request)

    assert list(found) == sorted(set(chosen))[request]


def test_a_list_without_gaps_becomes_a_slice():
    subset = Subset([5, 3, 4, 3], 10)

    assert subset.list_or_slice == slice(3, 6)
    assert not subset.is_list


def test_slices_that_touch_become_one_slice():
    assert (Subset(slice(0, 3), 9) + Subset(slice(3, 5), 9)).list_or_slice == slice(0, 5, 1)


def test_a_slice_stays_as_it_was_given():
    assert Subset(slice(0, 8, 1), 8)[slice(None)] == slice(0, 8, 1)
    assert Subset(slice(2, 8), 8).list_or_slice == slice(2, 8)


@pytest.mark.parametrize(
    ("subset", "request_", "rows"),
    [
        (Subset([2, 0, 1], 3), [1], [1]),
        (Subset(slice(1, 9), 9), [0, 1, 2], [1, 2, 3]),
        (Subset([0, 2, 5], 6), [1, 2], [2, 5]),
        (Subset([0, 2, 5], 6), slice(1, 3), [2, 5]),
        (Subset(slice(1, 9), 9), slice(1, 3), slice(2, 4, 1)),
    ],
)
def test_a_list_of_indices_stays_a_list_and_a_slice_a_slice_if_it_can(subset, request_, rows):
    assert subset[request_] == rows


def test_indices_without_gaps_of_a_tuple_give_a_list():
    assert Subset(slice(0, 4), 4).index_within_subset((1, 2, 3, 4), [0, 1]) == [1, 2]
    assert Subset(slice(0, 4), 4).index_within_subset((1, 2, 3, 4), slice(0, 2)) == (1, 2)
    assert Subset([0, 2, 3], 4).index_within_subset((1, 2, 3, 4), slice(0, 2)) == [1, 3]


def test_no_example_is_an_empty_list():
    assert Subset([], 9).list_or_slice == []
    assert Subset([], 9).is_list


def test_slices_apart_become_a_list():
    assert (Subset(slice(0, 2), 9) + Subset(slice(4, 6), 9)).list_or_slice == [0, 1, 4, 5]


def test_an_empty_subset_adds_nothing():
    some = Subset([1, 4], 9)

    assert Subset.empty_subset(9) + some == some
    assert Subset.empty_subset(9).is_empty


def test_subsets_of_different_originals_have_no_union():
    with pytest.raises(ValueError, match="of 9 and of 8"):
        Subset([1], 9) + Subset([1], 8)


def test_a_subset_of_a_subset_counts_within_it():
    assert Subset.subset_of(Subset([2, 4, 6, 8], 10), slice(1, 3)).list_or_slice == [4, 6]


@pytest.mark.parametrize(
    "wanted",
    [
        [-1, 2],
        [3, 10],
        slice(-2, 4),
        slice(0, 4, 2),
        slice(0, 11),
        slice(10, 10),
        slice(4, 2),
        [0.5],
    ],
)
def test_what_is_not_within_the_examples_is_refused(wanted):
    with pytest.raises(ValueError, match=r"10 examples|integers"):
        Subset(wanted, 10)


@pytest.mark.parametrize(
    "request_",
    [
        [],
        [-1],
        [3],
        slice(-1, 2),
        slice(0, 4),
        slice(3, 3),
        slice(2, 1),
        slice(1, 1),
        3,
        -1,
        None,
        "a",
    ],
)
def test_a_request_must_be_within_the_subset(request_):
    with pytest.raises(ValueError, match="request"):
        Subset([2, 5, 7], 10).index_within_subset(np.arange(10), request_)


def test_sorted_reading_gives_the_order_that_was_asked_for():
    class InOrderOnly:
        def __getitem__(self, rows):
            assert list(rows) == sorted(set(rows))
            return np.asarray(rows) * 2

    found = Subset(slice(0, 10), 10).index_within_subset(
        InOrderOnly(), [7, 2, 7, 5], sort_indices=True
    )

    assert found.tolist() == [14, 4, 14, 10]


def test_items_of_lists_are_gathered_one_by_one():
    assert Subset([0, 2, 3], 4).index_within_subset(list("abcd"), [2, 0]) == ["d", "a"]


def test_indexing_a_subset_translates_a_request():
    subset = Subset([2, 5, 7], 10)

    assert subset[[2, 0]] == [7, 2]
    assert subset[1] == 5
    assert Subset(slice(3, 9), 10)[slice(1, 4)] == slice(4, 7, 1)


@pytest.mark.parametrize("request_", [[], [-1], [3]])
def test_a_list_can_be_checked_without_reading_anything(request_):
    with pytest.raises(ValueError, match="request"):
        Subset([0, 1, 2], 8)._list_request_sanity_check(request_, 3)


@pytest.mark.parametrize("request_", [slice(-1, None), slice(None, 4), slice(3, None), slice(2, 1)])
def test_a_slice_can_be_checked_without_reading_anything(request_):
    with pytest.raises(ValueError, match="request"):
        Subset([0, 1, 2], 8)._slice_request_sanity_check(request_, 3)


@pytest.mark.parametrize("chosen", [slice(2, 6), [1, 3, 5, 7]])
def test_a_request_for_everything_is_the_subset_itself(chosen):
    assert Subset(chosen, 8)[slice(None)] == chosen
    assert Subset(chosen, 8)[:] == chosen
