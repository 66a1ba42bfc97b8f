import os
from pathlib import Path

import numpy as np
import pytest
from idx_files import IMAGES, LABELS, write_idx_files

from fuel.converters.mnist import convert_mnist
from fuel.datasets import MNIST
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import ScaleAndShift


@pytest.fixture
def data_path(tmp_path, monkeypatch):
    write_idx_files(tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    return tmp_path


def first_batch(dataset):
    scheme = SequentialScheme(dataset.num_examples, 4)
    stream = DataStream.default_stream(dataset, iteration_scheme=scheme)
    return next(stream.get_epoch_iterator(as_dict=True))


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("load_in_memory", [True, False])
def test_a_split_has_its_images_and_labels(data_path, split, load_in_memory):
    convert_mnist(data_path, data_path)

    dataset = MNIST((split,), load_in_memory=load_in_memory)
    features, targets = dataset.get_data(dataset.open(), slice(0, dataset.num_examples))

    assert dataset.sources == ("features", "targets")
    np.testing.assert_array_equal(features[:, 0], IMAGES[split])
    np.testing.assert_array_equal(targets[:, 0], LABELS[split])


def test_it_is_in_memory_unless_told_otherwise(data_path):
    convert_mnist(data_path, data_path)

    assert MNIST(("train",)).load_in_memory


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (None, IMAGES["train"][:4] / 255),
        ("float32", IMAGES["train"][:4] / 255),
        ("float64", IMAGES["train"][:4] / 255),
        ("bool", IMAGES["train"][:4] > 127),
    ],
)
def test_a_default_stream_gives_features_from_0_to_1_however_they_are_stored(
    data_path, dtype, expected
):
    convert_mnist(data_path, data_path, "mnist.hdf5", dtype=dtype)

    batch = first_batch(MNIST(("train",)))

    assert batch["features"].dtype == np.float32
    np.testing.assert_allclose(batch["features"][:, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(batch["targets"][:, 0], LABELS["train"][:4])
    assert batch["targets"].dtype == np.uint8


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_a_class_made_of_it_may_have_other_default_transformers(data_path, dtype):
    class Doubled(MNIST):
        default_transformers = ((ScaleAndShift, [2, 1], {"which_sources": ("targets",)}),)

    convert_mnist(data_path, data_path, "mnist.hdf5", dtype=dtype)

    batch = first_batch(Doubled(("train",)))

    np.testing.assert_array_equal(batch["targets"][:, 0], LABELS["train"][:4] * 2 + 1)
    np.testing.assert_array_equal(
        batch["features"], MNIST(("train",)).get_data(None, slice(0, 4))[0]
    )


def test_a_default_stream_of_the_labels_alone_leaves_them(data_path):
    convert_mnist(data_path, data_path)

    batch = first_batch(MNIST(("train",), sources=("targets",)))

    assert list(batch) == ["targets"]


def test_without_the_file_the_commands_that_make_it_are_said(data_path):
    with pytest.raises(FileNotFoundError, match="fuel-download mnist --directory"):
        MNIST(("train",))


def test_a_split_that_does_not_exist_is_refused_by_name(data_path):
    convert_mnist(data_path, data_path)

    with pytest.raises(ValueError, match="no split 'valid', only train, test"):
        MNIST(("valid",))


CLASS_COUNTS = [
    ("train", slice(0, 50_000), [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]),
    ("train", slice(50_000, 60_000), [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961]),
    ("test", None, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
]


def test_the_real_data_set_has_its_class_counts(tmp_path, monkeypatch):
    folder = os.environ.get("FUEL_TEST_DATA")
    if folder is None or not (Path(folder) / "mnist").is_dir():
        pytest.skip("real MNIST is not there: set FUEL_TEST_DATA to a folder with mnist/*.gz")
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    convert_mnist(Path(folder) / "mnist", tmp_path)

    for split, subset, counts in CLASS_COUNTS:
        (targets,) = MNIST((split,), subset=subset, sources=("targets",)).data_sources
        assert np.bincount(targets.ravel()).tolist() == counts
