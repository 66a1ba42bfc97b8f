import numpy as np
import pytest

from fuel import config
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import ConstantScheme, SequentialExampleScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import (
    Batch,
    Cast,
    Flatten,
    ForceFloatX,
    Mapping,
    OneHot,
    ScaleAndShift,
    SourcewiseMapping,
)

LABELS = {"images": ("batch", "height", "width"), "classes": ("batch", "index")}
IMAGES = np.arange(24, dtype=np.float64).reshape(4, 2, 3)
CLASSES = np.array([[2], [0], [1], [2]], np.uint8)


def stream(examples=False, labels=LABELS, **sources):
    sources = sources or {"images": IMAGES, "classes": CLASSES}
    size = len(next(iter(sources.values())))
    scheme = SequentialExampleScheme(size) if examples else SequentialScheme(size, size)
    return DataStream(IndexableDataset(sources, axis_labels=labels), scheme)


def first(transformer):
    return next(transformer.get_epoch_iterator())


def ragged():
    pictures = [np.full((1, 2), 51, np.uint8), np.full((2, 2), 255, np.uint8)]
    return Batch(DataStream(IterableDataset({"images": pictures})), ConstantScheme(2))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_of_floats_are_forced_to_the_configured_type(dtype):
    forced = ForceFloatX(stream(images=IMAGES.astype(dtype), classes=CLASSES))

    images, classes = first(forced)

    assert images.dtype == np.dtype(config.floatX)
    assert np.array_equal(images, IMAGES)
    assert classes.dtype == np.uint8
    assert forced.axis_labels == LABELS


def test_floats_of_the_configured_type_are_left_as_they_are():
    config.floatX = "float64"
    try:
        forced = ForceFloatX(stream())
    finally:
        del config.floatX

    assert forced.transform_source_batch(IMAGES, "images") is IMAGES


def test_only_the_sources_named_are_forced():
    wide = {"a": np.ones(2, np.float16), "b": np.ones(2, np.float16)}

    a, b = first(ForceFloatX(stream(labels=None, **wide), which_sources=("b",)))

    assert (a.dtype, b.dtype) == (np.float16, np.dtype(config.floatX))


def test_single_numbers_of_floating_type_are_forced_too():
    (number,) = first(ForceFloatX(stream(examples=True, labels=None, x=np.ones(3, np.float16))))

    assert number.dtype == np.dtype(config.floatX)
    assert number.shape == ()


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda s: ScaleAndShift(s, 1 / 255, 0, dtype="float32"), [0.2, 1]),
        (lambda s: ScaleAndShift(s, 1 / 255, 0), [0.2, 1]),
        (lambda s: ScaleAndShift(s, np.full((1, 2), 2.0), 1), [103, 511]),
        (lambda s: Cast(s, "float32"), [51, 255]),
        (lambda s: ForceFloatX(Cast(s, "float64")), [51, 255]),
    ],
)
def test_each_example_of_a_ragged_batch_is_computed_by_itself(make, wanted):
    (batch,) = first(make(ragged()))

    assert batch.dtype == object
    assert [example.shape for example in batch] == [(1, 2), (2, 2)]
    assert all(example.dtype.kind == "f" for example in batch)
    np.testing.assert_allclose([example.flat[-1] for example in batch], wanted, rtol=1e-6)


@pytest.mark.parametrize("scale", [2, 0.5])
def test_each_picture_of_a_list_is_scaled_by_itself(scale):
    pictures = [np.full((1, 2), 4, np.uint8), np.full((2, 2), 6, np.uint8)]
    listed = Mapping(stream(images=IMAGES, labels=None), lambda data: (pictures,))

    (scaled,) = first(ScaleAndShift(listed, scale, 1))

    for theirs, picture in zip(scaled, pictures, strict=True):
        np.testing.assert_array_equal(theirs, picture * scale + 1)


def test_scaling_a_ragged_batch_in_a_type_and_casting_give_that_type():
    for made in (ScaleAndShift(ragged(), 2, 0, dtype="float32"), Cast(ragged(), "float32")):
        assert {example.dtype for example in first(made)[0]} == {np.dtype(np.float32)}


def test_each_example_of_a_ragged_batch_is_flattened():
    flat = first(Flatten(ragged()))[0]

    assert [example.tolist() for example in flat] == [[51, 51], [255] * 4]


def test_classes_become_vectors_in_place_of_the_index():
    hot = OneHot(stream(), 3, which_sources="classes", dtype="int8")

    images, classes = first(hot)

    assert classes.tolist() == np.eye(3, dtype=int)[CLASSES[:, 0]].tolist()
    assert classes.dtype == np.int8
    assert np.array_equal(images, IMAGES)
    assert hot.axis_labels == {"images": LABELS["images"], "classes": ("batch", "class")}


def test_sequences_of_classes_become_sequences_of_vectors():
    words = np.array([[0, 2], [1, 1]])
    hot = OneHot(stream(labels={"words": ("batch", "time")}, words=words), 3)

    (found,) = first(hot)

    assert np.array_equal(found, np.eye(3)[words])
    assert found.dtype == np.dtype(config.floatX)
    assert hot.axis_labels == {"words": ("batch", "time", "class")}


@pytest.mark.parametrize("labels", [None, {"x": None}])
def test_classes_without_labels_get_one_more_axis(labels):
    hot = OneHot(stream(labels=labels, x=CLASSES), 3)

    assert first(hot)[0].shape == (4, 1, 3)
    assert hot.axis_labels == labels


def test_a_single_class_becomes_a_vector():
    hot = OneHot(stream(examples=True), 3, which_sources=("classes",))

    assert first(hot)[1].tolist() == [0, 0, 1]
    assert hot.axis_labels["classes"] == ("class",)


@pytest.mark.parametrize(("values", "seen"), [([0, 3], "0 to 3"), ([-1, 0], "-1 to 0")])
def test_a_class_beyond_is_an_error(values, seen):
    with pytest.raises(ValueError, match=f"classes {seen}, but they must be 0 to 2"):
        first(OneHot(stream(labels=None, x=np.array(values)), 3))


def test_classes_are_integers_and_there_is_one_at_least():
    with pytest.raises(TypeError, match="of type float64; Cast it"):
        first(OneHot(stream(labels=None, x=np.ones(2)), 3))
    with pytest.raises(ValueError, match="classes=0"):
        OneHot(stream(), 0)


@pytest.mark.parametrize("examples", [False, True])
def test_a_function_is_mapped_over_one_source(examples):
    mapped = SourcewiseMapping(stream(examples), np.sum, which_sources=("images",))

    images, classes = first(mapped)

    assert images == (IMAGES[0] if examples else IMAGES).sum()
    assert np.array_equal(classes, CLASSES[0] if examples else CLASSES)
    assert mapped.axis_labels == {"classes": LABELS["classes"][int(examples) :]}


def test_a_function_that_keeps_axes_keeps_labels():
    mapped = SourcewiseMapping(stream(), np.negative, keeps_axes=True)

    assert np.array_equal(first(mapped)[0], -IMAGES)
    assert mapped.axis_labels == LABELS
    assert Mapping(stream(), lambda batch: batch, keeps_axes=True).axis_labels == LABELS


def test_a_function_of_examples_is_applied_to_each_example_of_a_batch():
    def span(image):
        return image[: int(image[0, 0]) % 4 // 2 + 1]

    (images, classes) = first(SourcewiseMapping(stream(), np.max, ("images",), each_example=True))
    ragged_images = first(SourcewiseMapping(stream(), span, ("images",), each_example=True))[0]

    assert images.tolist() == [5, 11, 17, 23]
    assert np.array_equal(classes, CLASSES)
    assert [image.shape for image in ragged_images] == [(1, 3), (2, 3)] * 2
    assert first(SourcewiseMapping(stream(True), np.max, "images", each_example=True))[0] == 5


@pytest.mark.parametrize("accepts", [list, dict])
def test_a_mapping_of_examples_sees_one_at_a_time(accepts):
    names = ("images", "classes") if accepts is dict else (0, 1)

    def scaled(example):
        return (example[names[0]] * float(example[names[1]][0]),)

    added = Mapping(stream(), scaled, ("scaled",), mapping_accepts=accepts, each_example=True)

    images, _, found = first(added)
    assert np.array_equal(found, images * CLASSES[:, :, None])


def test_what_is_mapped_over_a_source_must_be_a_function():
    with pytest.raises(TypeError, match="mapping=3 is no function"):
        SourcewiseMapping(stream(), 3)
