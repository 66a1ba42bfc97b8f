import numpy as np
import pytest
from svhn_files import BOXES, PICTURES, digits, write_digits, write_numbers

from fuel.converters.svhn import convert_svhn
from fuel.datasets import SVHN
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable

RAGGED = ("bbox_heights", "bbox_labels", "bbox_lefts", "bbox_tops", "bbox_widths", "features")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("svhn")
    write_numbers(directory)
    write_digits(directory)
    for which_format in (1, 2):
        convert_svhn(which_format, directory, directory)
    return directory


@pytest.fixture(autouse=True)
def _data_path(directory, monkeypatch):
    monkeypatch.setenv("FUEL_DATA_PATH", str(directory))


@pytest.mark.parametrize("split", ["train", "test", "extra"])
def test_format_2_has_digits_of_one_size(split):
    dataset = SVHN(2, (split,))
    images, labels = digits()[split]

    features, targets = dataset.get_data(None, slice(0, dataset.num_examples))

    assert dataset.sources == ("features", "targets")
    np.testing.assert_array_equal(features, np.einsum("hwcn->nchw", images))
    np.testing.assert_array_equal(targets, labels % 10)


@pytest.mark.parametrize("split", ["train", "test", "extra"])
@pytest.mark.parametrize("load_in_memory", [False, True])
def test_format_1_has_numbers_of_any_size(split, load_in_memory):
    dataset = SVHN(1, (split,), load_in_memory=load_in_memory)

    *boxes, features = dataset.get_data(None, slice(0, dataset.num_examples))

    assert dataset.sources == RAGGED
    for image, expected in zip(features, PICTURES[split], strict=True):
        np.testing.assert_array_equal(image, np.einsum("hwc->chw", expected))
    for labels, expected in zip(boxes[1], BOXES[split], strict=True):
        assert labels.tolist() == [[box[0] % 10] for box in expected]


def test_format_1_names_its_axes():
    labels = SVHN(1, ("train",)).axis_labels

    assert labels["features"] == ("batch", "channel", "height", "width")
    assert labels["bbox_lefts"] == ("batch", "bounding_box", "x")


def test_a_default_stream_of_format_1_scales_each_image_and_leaves_the_boxes():
    dataset = SVHN(1, ("train",))

    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(3, 3))
    batch = next(stream.get_epoch_iterator(as_dict=True))

    for image, expected in zip(batch["features"], PICTURES["train"], strict=True):
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, np.einsum("hwc->chw", expected) / 255, rtol=1e-6)
    assert [heights.ravel().tolist() for heights in batch["bbox_heights"]] == [
        [box[1] for box in boxes] for boxes in BOXES["train"]
    ]
    assert batch["bbox_heights"][0].dtype == np.uint16


def test_a_default_stream_of_single_numbers_scales_them():
    dataset = SVHN(1, ("test",), sources=("features",))

    stream = DataStream.default_stream(dataset, iteration_scheme=dataset.example_iteration_scheme)
    ((image,),) = stream.get_epoch_iterator()

    np.testing.assert_allclose(image, np.einsum("hwc->chw", PICTURES["test"][0]) / 255, rtol=1e-6)


def test_a_default_stream_of_the_boxes_alone_leaves_them():
    dataset = SVHN(1, ("train",), sources=("bbox_labels",))

    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(3, 3))
    ((labels,),) = stream.get_epoch_iterator()

    assert [row.dtype for row in labels] == [np.uint8] * 3


@pytest.mark.parametrize("which_format", [1, 2])
def test_default_streams_can_be_resumed_anywhere(which_format):
    def make_stream():
        dataset = SVHN(which_format, ("train",))
        scheme = ShuffledScheme(dataset.num_examples, 2, seed=3)
        return DataStream.default_stream(dataset, iteration_scheme=scheme)

    check_resumable(make_stream)


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="which_format=3 is neither 1 nor 2"):
        SVHN(3, ("train",))


@pytest.mark.parametrize("which_format", [1, 2])
def test_without_the_file_the_commands_that_make_it_are_said(tmp_path, monkeypatch, which_format):
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))

    with pytest.raises(FileNotFoundError, match=f"fuel-convert svhn {which_format} --directory"):
        SVHN(which_format, ("train",))
