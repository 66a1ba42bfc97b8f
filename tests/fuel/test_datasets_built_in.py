import argparse

import numpy as np
import pytest
from small_data_sets import BINARIZED, CIFAR10, CIFAR100, SILHOUETTES, write_raw_files

from fuel import datasets
from fuel.converters import all_converters
from fuel.data_path import find_in_data_path
from fuel.datasets import Adult, BinarizedMNIST, CalTech101Silhouettes, Iris
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable

ALL = [
    ("adult", Adult, {"train": 2, "test": 1}),
    ("binarized_mnist", BinarizedMNIST, {"train": 5, "valid": 3, "test": 2}),
    ("caltech101_silhouettes 28", CalTech101Silhouettes, {"train": 4, "valid": 2, "test": 3}),
    ("cifar10", datasets.CIFAR10, {"train": 10, "test": 2}),
    ("cifar100", datasets.CIFAR100, {"train": 4, "test": 2}),
    ("iris", Iris, {"all": 3}),
]
IMAGES = ("batch", "channel", "height", "width")
AXES = {
    Adult: {"features": ("batch", "feature"), "targets": ("batch", "index")},
    BinarizedMNIST: {"features": IMAGES},
    CalTech101Silhouettes: {"features": IMAGES, "targets": ("batch", "index")},
    datasets.CIFAR10: {"features": IMAGES, "targets": ("batch", "index")},
    datasets.CIFAR100: {
        "coarse_labels": ("batch", "index"),
        "features": IMAGES,
        "fine_labels": ("batch", "index"),
    },
    Iris: {"features": ("batch", "feature"), "targets": ("batch", "index")},
}


@pytest.fixture
def data_path(tmp_path, monkeypatch):
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def convert(data_path):
    def convert(name):
        data_set, *arguments = name.split()
        write_raw_files(data_path, name)
        parser = argparse.ArgumentParser()
        function = dict(all_converters)[data_set](parser)
        options = vars(parser.parse_args(arguments))
        function(directory=data_path, output_directory=data_path, **options)

    return convert


def everything(dataset):
    data = dataset.get_data(dataset.open(), slice(0, dataset.num_examples))
    return dict(zip(dataset.sources, data, strict=True))


def first_batch(dataset):
    scheme = SequentialScheme(dataset.num_examples, 2)
    stream = DataStream.default_stream(dataset, iteration_scheme=scheme)
    return next(stream.get_epoch_iterator(as_dict=True))


@pytest.mark.parametrize(("name", "dataset", "splits"), ALL)
@pytest.mark.parametrize("load_in_memory", [True, False])
def test_each_split_has_its_examples_under_its_sources(
    convert, name, dataset, splits, load_in_memory
):
    convert(name)

    for split, count in splits.items():
        data = everything(dataset((split,), load_in_memory=load_in_memory))

        assert {source: len(array) for source, array in data.items()} == dict.fromkeys(
            AXES[dataset], count
        )
    assert dataset(tuple(splits)).num_examples == sum(splits.values())


@pytest.mark.parametrize(("name", "dataset", "splits"), ALL)
def test_it_is_in_memory_unless_told_otherwise_and_its_axes_have_names(
    convert, name, dataset, splits
):
    convert(name)

    made = dataset(tuple(splits))

    assert made.load_in_memory
    assert made.axis_labels == AXES[dataset]
    assert made.sources == tuple(AXES[dataset])


def test_binarized_mnist_gives_its_images_as_they_are(convert):
    convert("binarized_mnist")

    batch = first_batch(BinarizedMNIST(("valid",)))

    np.testing.assert_array_equal(batch["features"], BINARIZED["valid"][:2].reshape(2, 1, 28, 28))
    assert batch["features"].dtype == np.uint8


@pytest.mark.parametrize("size", [16, 28])
def test_silhouettes_of_both_sizes_can_be_there(convert, size):
    convert("caltech101_silhouettes 16")
    convert("caltech101_silhouettes 28")

    batch = first_batch(CalTech101Silhouettes(("valid",), size))

    images, labels = SILHOUETTES[size]["val"]
    np.testing.assert_array_equal(batch["features"], images.reshape(2, 1, size, size))
    np.testing.assert_array_equal(batch["targets"], labels)


def test_silhouettes_are_of_28_pixels_unless_told_otherwise(convert, data_path):
    convert("caltech101_silhouettes 28")

    dataset = CalTech101Silhouettes(("train",))

    assert dataset.data_path == str(data_path / "caltech101_silhouettes28.hdf5")


def test_silhouettes_of_another_size_are_refused():
    with pytest.raises(ValueError, match="size=10 is not available; choose 16 or 28"):
        CalTech101Silhouettes(("test",), size=10)


@pytest.mark.parametrize(
    ("name", "dataset", "raw", "labels"),
    [
        ("cifar10", datasets.CIFAR10, CIFAR10["cifar-10-batches-py/test_batch"],
         {"targets": "labels"}),
        ("cifar100", datasets.CIFAR100, CIFAR100["cifar-100-python/test"],
         {"fine_labels": "fine_labels", "coarse_labels": "coarse_labels"}),
    ],
)  # fmt: skip
def test_a_default_stream_of_cifar_gives_pixels_from_0_to_1(convert, name, dataset, raw, labels):
    convert(name)

    batch = first_batch(dataset(("test",)))

    expected = raw["data"].reshape(2, 3, 32, 32) / 255
    assert batch["features"].dtype == np.float32
    np.testing.assert_allclose(batch["features"], expected, rtol=1e-6)
    for source, key in labels.items():
        assert batch[source][:, 0].tolist() == raw[key]
        assert batch[source].dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "dataset", "source"),
    [("cifar10", datasets.CIFAR10, "targets"), ("cifar100", datasets.CIFAR100, "fine_labels")],
)
def test_a_default_stream_of_labels_alone_leaves_them(convert, name, dataset, source):
    convert(name)

    assert list(first_batch(dataset(("train",), sources=(source,)))) == [source]


@pytest.mark.parametrize(("name", "dataset", "splits"), ALL)
def test_a_split_that_does_not_exist_is_refused(convert, name, dataset, splits):
    convert(name)

    with pytest.raises(ValueError, match=f"no split 'dummy', only {', '.join(splits)}"):
        dataset(("dummy",))


@pytest.mark.parametrize(("name", "dataset", "splits"), ALL)
def test_without_the_file_the_commands_that_make_it_are_said(data_path, name, dataset, splits):
    with pytest.raises(FileNotFoundError) as raised:
        dataset(tuple(splits))

    assert f"fuel-download {name} --directory {data_path}" in str(raised.value)
    assert f"fuel-convert {name} --directory {data_path}" in str(raised.value)


@pytest.mark.parametrize(("name", "dataset", "splits"), ALL)
def test_a_default_stream_is_resumable(convert, name, dataset, splits):
    convert(name)
    made = dataset(tuple(splits))

    check_resumable(
        lambda: DataStream.default_stream(
            made, iteration_scheme=ShuffledScheme(made.num_examples, 2)
        ),
        epochs=2,
    )


@pytest.mark.parametrize(
    ("filename", "download", "convert"),
    [
        ("iris.hdf5", "iris", "iris"),
        ("caltech101_silhouettes16.hdf5", *["caltech101_silhouettes 16"] * 2),
        ("svhn_format_2.hdf5", "svhn 2", "svhn 2"),
        ("celeba_64.hdf5", "celeba", "celeba 64"),
    ],
)
def test_the_commands_that_are_said_for_a_file_have_its_arguments(
    data_path, filename, download, convert
):
    with pytest.raises(FileNotFoundError) as raised:
        find_in_data_path(filename)

    assert f"fuel-download {download} --directory" in str(raised.value)
    assert f"fuel-convert {convert} --directory" in str(raised.value)
