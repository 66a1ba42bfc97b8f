import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel.converters._ragged import RaggedSource
from fuel.datasets import H5PYDataset

SHAPES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=6)


@given(shapes=SHAPES, dtype=st.sampled_from(["u1", "i2", "f4", "f8"]), cut=st.integers(0, 6))
def test_examples_of_any_shape_come_back(tmp_path_factory, shapes, dtype, cut):
    path = tmp_path_factory.mktemp("ragged") / "data.hdf5"
    examples = [
        np.arange(height * width, dtype=dtype).reshape(height, width) for height, width in shapes
    ]

    with h5py.File(path, "w") as h5file:
        source = RaggedSource(h5file, "pages", len(examples), dtype, ("line", "letter"))
        source.write(cut, examples[cut:])
        source.write(0, examples[:cut])
        h5file.attrs["split"] = H5PYDataset.create_split_array(
            {"all": {"pages": (0, len(examples))}}
        )

    dataset = H5PYDataset(path, ("all",))
    (found,) = dataset.get_data(None, slice(0, len(examples)))
    dataset.close(None)
    for example, expected in zip(found, examples, strict=True):
        assert example.dtype == dtype
        np.testing.assert_array_equal(example, expected)
    assert dataset.axis_labels == {"pages": ("batch", "line", "letter")}


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (np.zeros((2, 2)), "row 1 of pages is float64 with 2 axes; it must be uint8 with 2"),
        (np.zeros(2, "u1"), "row 1 of pages is uint8 with 1 axes; it must be uint8 with 2"),
        (np.zeros((1, 256), "u1"), r"shape \(1, 256\), but no axis can be longer than 255"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, example, message):
    with h5py.File(tmp_path / "data.hdf5", "w") as h5file:
        source = RaggedSource(h5file, "pages", 2, "u1", ("line", "letter"), shape_dtype="u1")

        with pytest.raises(ValueError, match=message):
            source.write(0, [np.zeros((1, 255), "u1"), example])
