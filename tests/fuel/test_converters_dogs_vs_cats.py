import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from archive_files import damaged, decoded, encoded, picture, refusal, zip_bytes
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fuel.converters import dogs_vs_cats
from fuel.converters.dogs_vs_cats import convert_dogs_vs_cats
from fuel.datasets import DogsVsCats
from fuel.exceptions import MissingInputFiles
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream

TRAIN = {
    f"train/{kind}.{number}.jpg": encoded(picture(8 + number, 9, seed), "JPEG")
    for seed, (kind, number) in enumerate((kind, n) for kind in ("cat", "dog") for n in range(5))
}
TEST = {
    f"test1/{number}.jpg": encoded(picture(7, 6 + number, number), "JPEG")
    for number in (1, 10, 11, 2)
}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(dogs_vs_cats, "TRAIN_SIZE", len(TRAIN))
    monkeypatch.setattr(dogs_vs_cats, "TEST_SIZE", len(TEST))


def write_files(directory, train=TRAIN, test=TEST):
    (directory / "dogs_vs_cats.train.zip").write_bytes(zip_bytes({"train/": b"", **train}))
    (directory / "dogs_vs_cats.test1.zip").write_bytes(zip_bytes({"test1/": b"", **test}))


@pytest.fixture
def files(tmp_path, monkeypatch):
    write_files(tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    return tmp_path


def expected_names():
    train = list(TRAIN)
    np.random.RandomState(123522).shuffle(train)
    return train, ["test1/1.jpg", "test1/2.jpg", "test1/10.jpg", "test1/11.jpg"]


def test_training_images_are_shuffled_and_test_images_sorted_by_number(files):
    (path,) = convert_dogs_vs_cats(files, files)

    train, test = expected_names()
    with h5py.File(path) as h5file:
        features = h5file["image_features"]
        shapes = features.dims[0]["shapes"]
        assert shapes.dtype == np.int32
        for flat, shape, name in zip(features[...], shapes[...], train + test, strict=True):
            expected = decoded({**TRAIN, **TEST}[name])
            np.testing.assert_array_equal(flat.reshape(shape), expected)
        labels = features.dims[0]["shape_labels"][...].tolist()
        assert labels == [b"channel", b"height", b"width"]
        assert h5file["targets"][:, 0].tolist() == [int("dog" in name) for name in train]
        assert h5file["targets"].dtype == np.uint8
        assert [axis.label for axis in h5file["targets"].dims] == ["batch", "index"]


def test_the_test_images_have_no_targets(files):
    convert_dogs_vs_cats(files, files)

    assert DogsVsCats(("train",)).sources == ("image_features", "targets")
    assert DogsVsCats(("train",)).num_examples == 10
    assert DogsVsCats(("test",)).sources == ("image_features",)
    assert DogsVsCats(("train", "test")).num_examples == 14


def test_a_default_stream_gives_images_of_all_sizes_from_0_to_1(files):
    convert_dogs_vs_cats(files, files)
    dataset = DogsVsCats(("train",))

    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(10, 4))
    images, targets = next(stream.get_epoch_iterator())

    names = expected_names()[0][:4]
    assert targets[:, 0].tolist() == [int("dog" in name) for name in names]
    for image, name in zip(images, names, strict=True):
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, decoded(TRAIN[name]) / 255, rtol=1e-6)


def test_a_default_stream_gives_single_images_from_0_to_1(files):
    convert_dogs_vs_cats(files, files)
    dataset = DogsVsCats(("test",))

    stream = DataStream.default_stream(dataset, iteration_scheme=dataset.example_iteration_scheme)
    (image,) = next(stream.get_epoch_iterator())

    np.testing.assert_allclose(image, decoded(TEST["test1/1.jpg"]) / 255, rtol=1e-6)
    assert stream.axis_labels["image_features"] == ("channel", "height", "width")


def test_the_same_input_gives_the_same_bytes(files):
    paths = [convert_dogs_vs_cats(files, files, name)[0] for name in ("a.hdf5", "b.hdf5")]

    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second


def test_missing_files_are_named(files):
    (files / "dogs_vs_cats.test1.zip").unlink()

    with pytest.raises(MissingInputFiles, match="dogs_vs_cats.test1.zip"):
        convert_dogs_vs_cats(files, files)


HUGE = encoded(np.zeros((8200, 8200), bool))
FEWER = dict(list(TRAIN.items())[1:])


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (FEWER, "has 9 images .* should have 10"),
        ({**FEWER, "train/bird.1.jpg": b""}, "has 9 images"),
        ({**FEWER, "train/dog.9.jpg": b"\xff\xd8\xff"}, "train/dog.9.jpg in .* damaged one"),
        ({**FEWER, "train/dog.9.jpg": HUGE}, "8200 x 8200 pixels, which is too many"),
        ({**FEWER, "train/../../dog.9.jpg": b""}, "leads outside"),
    ],
)
def test_a_wrong_archive_is_refused_and_nothing_is_left(files, train, message):
    write_files(files, train)
    (output := files / "output").mkdir()

    with pytest.raises(ValueError, match=message):
        convert_dogs_vs_cats(files, output)

    assert os.listdir(output) == []


@settings(max_examples=30, deadline=None)
@given(place=st.integers(0, 10**6), value=st.none() | st.integers(1, 255))
@example(place=65845, value=1)  # a file that is shorter than its archive says
def test_a_damaged_archive_is_an_error_or_becomes_a_whole_file(tmp_path_factory, place, value):
    directory = tmp_path_factory.mktemp("damaged")
    write_files(directory)
    path = directory / "dogs_vs_cats.train.zip"
    path.write_bytes(damaged(path.read_bytes(), place, value))
    (output := directory / "output").mkdir()

    error = refusal(convert_dogs_vs_cats, directory, output)

    if error is not None:
        assert str(path) in error
        assert os.listdir(output) == []
    else:  # dates and the like have no checksum
        with h5py.File(output / "dogs_vs_cats.hdf5") as h5file:
            assert h5file["image_features"].shape == (14,)
