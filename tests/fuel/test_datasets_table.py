"""Tables of other libraries as data sets."""

import jax
import numpy as np
import pytest

from fuel.datasets import IndexableDataset
from fuel.datasets.table import TableDataset
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable

pyarrow = pytest.importorskip("pyarrow", reason="compares with a library that is not needed")

NUMBERS = np.arange(10.0)
TEXTS = [f"row {row}" for row in range(10)]
LISTS = [list(range(row % 3)) for row in range(10)]
PAIRS = [[row, -row] for row in range(10)]


class RowsTable:
    """A table whose rows come as dictionaries of lists."""

    column_names = ("numbers", "texts", "lists", "pairs")

    def __init__(self):
        self.columns = {
            "numbers": NUMBERS.tolist(),
            "texts": TEXTS,
            "lists": LISTS,
            "pairs": PAIRS,
        }

    def __len__(self):
        return 10

    def __getitem__(self, key):
        if isinstance(key, slice):
            return {name: values[key] for name, values in self.columns.items()}
        if isinstance(key, list):
            return {name: [values[row] for row in key] for name, values in self.columns.items()}
        return {name: values[key] for name, values in self.columns.items()}


def arrow_table():
    return pyarrow.table({"numbers": NUMBERS, "texts": TEXTS, "lists": LISTS, "pairs": PAIRS})


@pytest.fixture(params=[arrow_table, RowsTable], ids=["arrow", "rows"])
def table(request):
    return request.param()


@pytest.mark.parametrize("request_", [[7, 2, 2], slice(3, 6), slice(1, 9, 3), np.array([9])])
def test_rows_are_those_asked_for_in_the_order_asked_for(table, request_):
    dataset = TableDataset(table, fixed_shape=("pairs",))

    numbers, texts, lists, pairs = dataset.get_data(None, request_)

    np.testing.assert_array_equal(numbers, NUMBERS[request_])
    assert numbers.dtype == np.float64
    rows = np.arange(10)[request_]
    assert texts.tolist() == [TEXTS[row] for row in rows]
    assert [part.tolist() for part in lists] == [LISTS[row] for row in rows]
    np.testing.assert_array_equal(pairs, np.array(PAIRS)[rows])


def test_an_integer_gives_one_row_without_the_axis_of_rows(table):
    number, text, part, pair = TableDataset(table, fixed_shape=("pairs",)).get_data(None, 5)

    assert (number, text, part.tolist(), pair.tolist()) == (5.0, "row 5", [0, 1], [5, -5])


def test_lists_of_one_length_by_chance_stay_an_array_for_each_row(table):
    (pairs,) = TableDataset(table, sources=("pairs",)).get_data(None, [1, 2])

    assert pairs.dtype == object
    assert pairs.shape == (2,)


def test_a_column_said_to_be_of_one_shape_that_is_not_is_refused(table):
    dataset = TableDataset(table, sources=("lists",), fixed_shape=("lists",))

    with pytest.raises(ValueError, match=r"'lists' is named in fixed_shape, but .* \(0,\), \(1,\)"):
        dataset.get_data(None, [0, 1])


def test_what_is_given_may_be_written_to_without_reaching_the_table(table):
    dataset = TableDataset(table, sources=("numbers",))

    dataset.get_data(None, slice(0, 10))[0][:] = -1

    np.testing.assert_array_equal(dataset.get_data(None, slice(0, 10))[0], NUMBERS)


def test_a_stream_of_a_table_is_resumable(table):
    dataset = TableDataset(table, sources=("numbers", "texts"))

    check_resumable(
        lambda: DataStream(dataset, iteration_scheme=ShuffledScheme(10, 3, seed=1)), abandon=(2,)
    )


def test_sources_that_the_table_does_not_have_are_named(table):
    with pytest.raises(ValueError, match="'colour'.* provides"):
        TableDataset(table, sources=("colour",))


def test_what_is_no_table_is_refused():
    with pytest.raises(TypeError, match="a dict is not a table .* IndexableDataset"):
        TableDataset({"x": [1, 2]})


def test_a_request_outside_of_the_table_is_refused(table):
    stream = DataStream(TableDataset(table), iteration_scheme=SequentialScheme(12, 4))

    with pytest.raises(ValueError, match="there are examples 0 to 9"):
        list(stream.get_epoch_iterator())


class StoredArray:
    """An array that is read part by part, and like h5py's wants indices in increasing order."""

    def __init__(self, values):
        self.values = values
        self.shape = values.shape
        self.dtype = values.dtype
        self.asked = []

    def __getitem__(self, key):
        self.asked.append(key)
        if isinstance(key, list):
            assert key == sorted(set(key))
        return self.values[key]


def test_a_stored_array_without_a_length_is_read_part_by_part_in_increasing_order():
    values = np.arange(30).reshape(10, 3)
    stored = StoredArray(values)
    dataset = IndexableDataset({"x": stored})

    (batch,) = dataset.get_data(None, [7, 2, 2, 9])

    np.testing.assert_array_equal(batch, values[[7, 2, 2, 9]])
    assert stored.asked == [[2, 7, 9]]


def test_start_and_stop_of_a_stored_array_read_nothing():
    values = np.arange(30).reshape(10, 3)
    stored = StoredArray(values)

    dataset = IndexableDataset({"x": stored}, start=2, stop=8)

    assert stored.asked == []
    np.testing.assert_array_equal(dataset.get_data(None, [5, 0])[0], values[[7, 2]])
    np.testing.assert_array_equal(dataset.get_data(None, slice(1, 3))[0], values[3:5])
    np.testing.assert_array_equal(dataset.get_data(None, 4)[0], values[6])


def test_an_array_of_jax_is_looked_at_without_a_copy_and_gives_arrays_of_numpy():
    array = jax.numpy.arange(20.0).reshape(10, 2)
    dataset = IndexableDataset({"x": array})

    (batch,) = dataset.get_data(None, [3, 1])

    assert type(batch) is np.ndarray
    np.testing.assert_array_equal(batch, [[6, 7], [2, 3]])
    assert np.shares_memory(dataset.indexables[0], np.asarray(array))


class Labelled:
    """Acts like a column of pandas: an index is a label, unless it goes through `iloc`."""

    def __init__(self, values, labels):
        self.values, self.labels = np.asarray(values), list(labels)
        self.shape, self.dtype = self.values.shape, self.values.dtype

    @property
    def iloc(self):
        return self.values

    def to_numpy(self):
        return self.values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        if isinstance(key, slice):
            return self.values[key]
        return self.values[[self.labels.index(label) for label in key]]


@pytest.mark.parametrize("request_", [[2, 0], [0, 1], slice(0, 2), 1], ids=str)
def test_a_column_whose_indices_are_labels_is_read_by_place(request_):
    values = np.array([30, 10, 20])
    column = Labelled(values, labels=[2, 0, 1])

    (batch,) = IndexableDataset({"x": column}).get_data(None, request_)

    np.testing.assert_array_equal(batch, values[request_])


def test_a_path_in_place_of_a_table_is_refused_and_reading_it_first_is_advised():
    with pytest.raises(TypeError, match=r"a str is not a table .* read a file first"):
        TableDataset("flowers.parquet")
