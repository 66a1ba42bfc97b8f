import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from random_streams import batches, examples, pictures, ragged

from fuel.datasets import IndexableDataset
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import Rename
from fuel.transformers.corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise

IMAGES = {"which_sources": ("images",)}
KINDS = [(MaskingNoise, 0.3), (SaltAndPepperNoise, 0.3), (GaussianNoise, 9.0)]
DTYPES = [
    np.uint8,
    np.dtype(">i2"),
    np.int64,
    np.float16,
    np.float32,
    np.dtype(">f8"),
    np.longdouble,
]


def first(stream):
    return next(iter(stream.get_epoch_iterator()))


def by_hand(stream, data):
    return stream.transform_source_batch(data, "images")


@settings(max_examples=60, deadline=None)
@given(
    data=arrays.arrays(
        st.sampled_from(DTYPES),
        arrays.array_shapes(min_dims=0, max_dims=5, max_side=5),
        elements=st.integers(1, 100),
    ),
    value=st.sampled_from([0, 5]),
)
def test_masking_replaces_or_leaves_alone(data, value):
    before = data.copy()

    masked = by_hand(MaskingNoise(batches(), 0.5, value=value, **IMAGES), data)

    assert masked.dtype == data.dtype
    assert ((masked == value) | (masked == before)).all()
    np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_many_numbers_are_masked_as_probable(dtype):
    masked = by_hand(MaskingNoise(batches(), 0.3, **IMAGES), np.ones((100, 100), dtype))

    assert abs((masked == 0).mean() - 0.3) < 5 * math.sqrt(0.3 * 0.7 / 10_000)


@pytest.mark.parametrize(("probability", "expected"), [(0, 1), (1, 0)])
def test_nothing_or_all_is_masked_at_the_bounds(probability, expected):
    masked = by_hand(MaskingNoise(batches(), probability, **IMAGES), np.ones((99, 99)))

    assert (masked == expected).all()


def test_even_what_is_no_number_is_masked():
    masked = by_hand(MaskingNoise(batches(), 1.0, **IMAGES), np.array([np.nan, np.inf, 1.0]))

    np.testing.assert_array_equal(masked, np.zeros(3))


def test_masks_say_what_was_replaced():
    stream = MaskingNoise(batches(pictures() | 1), 0.5, add_masks=True, **IMAGES)

    assert stream.sources == ("images", "images_mask", "targets")
    assert stream.axis_labels["images_mask"] == stream.axis_labels["images"]
    for images, masks, targets in stream.get_epoch_iterator():
        assert masks.dtype == bool
        np.testing.assert_array_equal(images, np.where(masks, 0, (pictures() | 1)[targets]))


def test_masks_of_images_of_several_sizes_are_such():
    stream = MaskingNoise(batches(ragged(), batch_size=5), 0.5, add_masks=True, **IMAGES)

    images, masks, _ = first(stream)

    assert [mask.shape for mask in masks] == [image.shape for image in images]
    assert (np.concatenate([i[m] for i, m in zip(images, masks, strict=True)]) == 0).all()


def test_a_mask_needs_a_name_of_its_own():
    child = Rename(batches(), {"targets": "images_mask"})

    with pytest.raises(ValueError, match="one is there twice; rename it before"):
        MaskingNoise(child, 0.5, add_masks=True, **IMAGES)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.uint8, 0, 255),
        (np.int16, -(2**15), 2**15 - 1),
        (np.float32, 0, 1),
        (np.float64, 0, 1),
    ],
)
def test_salt_and_pepper_are_the_ends_of_the_range_in_equal_parts(dtype, low, high):
    data = np.full((200, 200), 0.5 if dtype in (np.float32, np.float64) else 100, dtype)

    noisy = by_hand(SaltAndPepperNoise(batches(), 0.4, **IMAGES), data)

    assert noisy.dtype == dtype
    for value, share in ((low, 0.2), (high, 0.2), (data[0, 0], 0.6)):
        assert abs((noisy == value).mean() - share) < 5 * math.sqrt(share * (1 - share) / 40_000)


def test_salt_and_pepper_may_be_given():
    noisy = by_hand(SaltAndPepperNoise(batches(), 1.0, low=-2, high=3, **IMAGES), np.zeros(1000))

    assert set(noisy) == {-2.0, 3.0}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaussian_noise_has_mean_zero_and_the_deviation_given(dtype):
    data = np.full((200, 200), 7, dtype)

    noise = by_hand(GaussianNoise(batches(), 3.0, **IMAGES), data) - data

    assert noise.dtype == dtype
    assert abs(noise.mean()) < 5 * 3 / 200
    assert abs(noise.var() / 9 - 1) < 5 * math.sqrt(2 / 40_000)


def test_noisy_bytes_are_rounded_and_stay_in_their_range():
    data = np.repeat(np.array([[0], [128], [255]], np.uint8), 20_000, axis=1)

    dark, middle, bright = by_hand(GaussianNoise(batches(), 10.0, **IMAGES), data)

    assert abs((dark == 0).mean() - 0.52) < 0.02  # half of it, and what rounds to 0
    assert abs((bright == 255).mean() - 0.52) < 0.02
    assert abs(middle.astype(float).mean() - 128) < 5 * 10 / math.sqrt(20_000)
    assert 85 < middle.min() < middle.max() < 171


@pytest.mark.parametrize(("kind", "amount"), KINDS)
@pytest.mark.parametrize("make", [batches, examples])
def test_other_sources_and_axis_labels_are_kept(kind, amount, make):
    stream = kind(make(), amount, **IMAGES)

    assert stream.axis_labels == make().axis_labels
    for (_, targets), (_, others) in zip(
        stream.get_epoch_iterator(), make().get_epoch_iterator(), strict=True
    ):
        np.testing.assert_array_equal(targets, others)


@pytest.mark.parametrize(("kind", "amount"), KINDS)
def test_lists_and_arrays_of_arrays_keep_their_form(kind, amount):
    as_list = by_hand(kind(batches(), amount, **IMAGES), list(ragged()))
    as_array = by_hand(kind(batches(), amount, **IMAGES), ragged())

    assert type(as_list) is list
    assert as_array.dtype == object
    for one, other, image in zip(as_list, as_array, ragged(), strict=True):
        assert one.shape == image.shape
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("kind", "amount"), KINDS)
def test_single_numbers_are_corrupted(kind, amount):
    stream = kind(examples(np.full((200, 1, 1, 1), 100, np.uint8)), amount)

    targets = [int(target) for _, target in stream.get_epoch_iterator()]

    assert targets != list(range(200))


@pytest.mark.parametrize(("kind", "amount"), KINDS)
def test_only_numbers_are_corrupted(kind, amount):
    dataset = IndexableDataset({"words": np.array(["a", "b"])})
    stream = kind(DataStream(dataset, iteration_scheme=SequentialScheme(2, 2)), amount)

    with pytest.raises(TypeError, match="source 'words' holds <U1; name the sources to corrupt"):
        first(stream)


@pytest.mark.parametrize("kind", [MaskingNoise, SaltAndPepperNoise])
@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_noise_has_a_probability(kind, probability):
    with pytest.raises(ValueError, match="is no probability"):
        kind(batches(), probability)


@pytest.mark.parametrize("deviation", [-1.0, math.inf, math.nan])
def test_noise_has_a_finite_deviation(deviation):
    with pytest.raises(ValueError, match="must be at least 0, and finite"):
        GaussianNoise(batches(), deviation)


def test_salt_is_not_less_than_pepper():
    with pytest.raises(ValueError, match="low=2 is greater than high=1"):
        SaltAndPepperNoise(batches(), 0.5, low=2, high=1)
