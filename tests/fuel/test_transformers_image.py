import contextlib
import io
import logging
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from random_streams import batches, examples, pictures, ragged

from fuel.datasets import IndexableDataset
from fuel.exceptions import AxisLabelsMismatchError
from fuel.schemes import SequentialExampleScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers.defaults import ToBytes, rgb_images_from_encoded_bytes
from fuel.transformers.image import (
    ImagesFromBytes,
    MinimumImageDimensions,
    Random2DRotation,
    RandomErasing,
    RandomFixedSizeCrop,
    RandomFlip,
    cut_tiles,
    tile_images,
)

IMAGES = {"which_sources": ("images",)}
RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
DTYPES = [np.bool_, np.uint8, np.int32, np.float16, np.float32, np.float64, np.dtype(">i2")]


@pytest.fixture(scope="module", autouse=True)
def _no_picture_is_huge():
    """Damaged sizes shall not fill the memory."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = 10**6
    yield
    Image.MAX_IMAGE_PIXELS = before


def unlabelled(images, *, by_example=False):
    """A stream of images without axis labels."""
    dataset = IndexableDataset({"images": images})
    count = len(images)
    scheme = SequentialExampleScheme(count) if by_example else SequentialScheme(count, 3)
    return DataStream(dataset, iteration_scheme=scheme)


def items(stream):
    return list(stream.get_epoch_iterator())


def encoded(pixels, kind="PNG", mode=None):
    """A file's contents; pixels are `(height, width)` or `(height, width, channel)`."""
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(file, format=kind)
    return file.getvalue()


def files(count=3):
    """Files of images of several sizes, and their pixels."""
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (4 + n, 6 + n, 3), np.uint8) for n in range(count)]
    return [encoded(image) for image in pixels], pixels


def of_files(contents, *, by_example=False, labels=True):
    axis_labels = {"images": ("batch", "bytes")} if labels else None
    dataset = IndexableDataset({"images": contents}, axis_labels=axis_labels)
    count = len(contents)
    scheme = SequentialExampleScheme(count) if by_example else SequentialScheme(count, 2)
    return DataStream(dataset, iteration_scheme=scheme)


# Decoding


def test_files_become_arrays_of_channel_height_and_width():
    contents, pixels = files()

    decoded = [item[0] for item in items(ImagesFromBytes(of_files(contents, by_example=True)))]

    for image, expected in zip(decoded, pixels, strict=True):
        np.testing.assert_array_equal(image, expected.transpose(2, 0, 1))


def test_a_batch_of_files_becomes_a_list():
    contents, pixels = files()

    first, second = (item[0] for item in items(ImagesFromBytes(of_files(contents))))

    assert type(first) is list
    assert [image.shape for image in first + second] == [(3, *image.shape[:2]) for image in pixels]


@pytest.mark.parametrize(
    ("mode", "color_mode", "pixel"),
    [
        ("L", None, [200]),
        ("RGBA", None, [200, 200, 200, 255]),
        ("RGBA", "RGB", [200, 200, 200]),
        ("L", "RGB", [200, 200, 200]),
        ("RGB", "L", [200]),
        ("1", None, [True]),
        ("LA", None, [200, 255]),
        ("I;16", None, [40000]),
    ],
)
def test_color_modes_are_converted_or_left(mode, color_mode, pixel):
    grey = np.full((3, 4, 3), 255 if mode == "1" else 200, np.uint8)
    if mode == "I;16":
        content = encoded(np.full((3, 4), 40000, np.uint16))
    else:
        content = encoded(grey, mode=mode)

    stream = ImagesFromBytes(of_files([content], by_example=True), color_mode)

    (image,) = items(stream)[0]
    assert image.shape == (len(pixel), 3, 4)
    assert (image == np.reshape(pixel, (-1, 1, 1))).all()


def test_decoding_sets_axis_labels_and_keeps_those_of_other_sources():
    contents, _ = files(2)
    dataset = IndexableDataset(
        {"images": contents, "targets": [1, 2]}, axis_labels={"targets": ("batch",)}
    )
    stream = DataStream(dataset, iteration_scheme=SequentialScheme(2, 2))

    decoded = ImagesFromBytes(stream, **IMAGES)

    assert decoded.axis_labels == {
        "images": ("batch", "channel", "height", "width"),
        "targets": ("batch",),
    }


def test_files_without_axis_labels_are_decoded():
    contents, _ = files()

    stream = ImagesFromBytes(of_files(contents, by_example=True, labels=False), **IMAGES)

    assert stream.axis_labels == {"images": ("channel", "height", "width")}
    assert len(items(stream)) == 3


def test_arrays_of_bytes_are_decoded_as_bytes_are():
    contents, pixels = files()
    arrays = [np.frombuffer(content, np.uint8) for content in contents]

    decoded = [item[0] for item in items(ImagesFromBytes(of_files(arrays, by_example=True)))]

    for image, expected in zip(decoded, pixels, strict=True):
        np.testing.assert_array_equal(image, expected.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (54321, "a int"),
        (np.zeros((2, 3), np.uint8), r"an array of shape \(2, 3\) and type uint8"),
        (np.zeros(3, np.float32), r"an array of shape \(3,\) and type float32"),
    ],
)
def test_only_bytes_are_decoded(value, what):
    stream = ImagesFromBytes(of_files([b""], by_example=True))

    with pytest.raises(TypeError, match=f"'images' gave {what}, but images are decoded from bytes"):
        stream.transform_source_example(value, "images")


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["PNG", "BMP", "GIF", "JPEG", "TIFF", "PPM"]),
    at=st.integers(0, 200),
    junk=st.binary(max_size=9),
    cut=st.integers(0, 60),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_are_refused_or_decoded_but_never_crash(kind, at, junk, cut):
    content = bytearray(encoded(pictures(1, (9, 7, 3))[0], kind))
    content[at : at + len(junk)] = junk
    stream = ImagesFromBytes(of_files([b""], by_example=True))

    image = None
    with contextlib.suppress(ValueError):
        image = stream.transform_source_example(bytes(content[: len(content) - cut]), "images")

    assert image is None or image.ndim == 3


def test_what_is_no_image_is_refused():
    stream = ImagesFromBytes(of_files([b""], by_example=True))

    with pytest.raises(ValueError, match="7 bytes of source 'images', which begin with b'nothing'"):
        stream.transform_source_example(b"nothing", "images")


def test_without_pillow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(ImportError, match=r"decoding images needs PIL: pip install .*\[images\]"):
        ImagesFromBytes(of_files([b""]))


@pytest.mark.parametrize("upright", [False, True])
def test_a_photograph_of_a_camera_held_sideways_is_turned_where_that_is_wanted(upright):
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    content = io.BytesIO()
    image.save(content, "png", exif=exif)
    stream = ImagesFromBytes(of_files([content.getvalue()]), "L", upright=upright)

    (decoded,) = items(stream)[0][0]

    expected = np.rot90(pixels, -1) if upright else pixels
    np.testing.assert_array_equal(decoded, expected[np.newaxis])


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_grey_of_16_bits_is_scaled_to_8(mode):
    deep = np.array([[0, 257, 32_768, 65_535]], np.uint16)
    content = io.BytesIO()
    Image.fromarray(deep).save(content, "png")

    (decoded,) = items(ImagesFromBytes(of_files([content.getvalue()]), mode))[0][0]

    np.testing.assert_array_equal(decoded, np.broadcast_to([[0, 1, 128, 255]], (len(mode), 1, 4)))


def test_decoding_resumes_anywhere():
    contents, _ = files(5)

    check_resumable(lambda: ImagesFromBytes(of_files(contents)), epochs=2)


# The defaults of data sets


def test_arrays_of_bytes_become_bytes():
    arrays_of_bytes = np.arange(12, dtype=np.uint8).reshape(4, 3)

    first, second = (item[0] for item in items(ToBytes(of_files(arrays_of_bytes))))

    assert first + second == [b"\0\1\2", b"\3\4\5", b"\6\7\x08", b"\x09\x0a\x0b"]


@pytest.mark.parametrize(("by_example", "own"), [(True, ("bytes",)), (False, ("batch", "bytes"))])
def test_the_labels_of_bytes_are_set_without_touching_the_child(by_example, own):
    contents = np.zeros((4, 3), np.uint8)
    child = of_files(contents, by_example=by_example)
    child.axis_labels = {"images": ("mine",)}

    stream = ToBytes(child)

    assert stream.axis_labels == {"images": own}
    assert child.axis_labels == {"images": ("mine",)}


def test_bytes_are_labelled_also_where_nothing_was():
    stream = ToBytes(of_files(np.zeros((4, 3), np.uint8), labels=False))

    assert stream.axis_labels == {"images": ("batch", "bytes")}
    assert items(stream)[0][0] == [b"\0\0\0"] * 2


def test_bytes_are_made_of_small_numbers_only():
    with pytest.raises(TypeError, match="holds int64, but bytes are made of 8-bit numbers"):
        items(ToBytes(of_files(np.zeros((4, 3), np.int64))))


def test_the_default_transformers_of_encoded_images_decode_ragged_bytes():
    contents, pixels = files()
    as_arrays = np.empty(3, object)
    for index, content in enumerate(contents):
        as_arrays[index] = np.frombuffer(content, np.uint8)
    dataset = IndexableDataset({"images": as_arrays}, axis_labels={"images": ("batch", "bytes")})
    dataset.default_transformers = rgb_images_from_encoded_bytes(("images",))

    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(3, 3))

    decoded = items(stream)[0][0]
    for image, expected in zip(decoded, pixels, strict=True):
        np.testing.assert_array_equal(image, expected.transpose(2, 0, 1))
    assert stream.axis_labels == {"images": ("batch", "channel", "height", "width")}


# Sizes


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((5, 9), (5, 9)), ((4, 3), (7, 5)), ((2, 5), (4, 10)), ((8, 3), (14, 5)), ((1, 1), (5, 5))],
)
@pytest.mark.parametrize("axes", [(), (3,)])
def test_small_images_grow_by_one_factor_rounded_up(shape, expected, axes):
    stream = MinimumImageDimensions(examples(), (4, 5), **IMAGES)

    image = stream.transform_source_example(np.zeros((*axes, *shape)), "images")

    assert image.shape == (*axes, *expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("resample", RESAMPLING)
def test_images_grow_as_those_of_pillow_within(resample, dtype):
    pixels = np.random.default_rng(0).integers(90, 160, (9, 13)).astype(dtype)
    stream = MinimumImageDimensions(examples(), (31, 5), resample, **IMAGES)

    image = stream.transform_source_example(pixels[np.newaxis], "images")[0]

    assert image.dtype == dtype
    expected = np.asarray(Image.fromarray(pixels).resize((45, 31), RESAMPLING[resample]))
    inner = np.s_[8:-8, 8:-8]  # near the edges Pillow weighs otherwise
    rounding = 2 if dtype == np.uint8 else 1e-3  # Pillow rounds twice, after rows and columns
    np.testing.assert_allclose(image[inner].astype(float), expected[inner], atol=rounding)


def test_growing_honours_the_filter():
    row = np.array([[[0.0, 1.0]]])

    grown = [
        MinimumImageDimensions(examples(), (1, 4), name, **IMAGES).transform_source_example(
            row, "images"
        )[0, 0]
        for name in ("nearest", "bilinear")
    ]

    np.testing.assert_allclose(grown, [[0, 0, 1, 1], [0, 0.25, 0.75, 1]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("resample", RESAMPLING)
def test_growing_keeps_any_type_and_constant_images(resample, dtype):
    image = np.ones((2, 3, 4), dtype)
    stream = MinimumImageDimensions(examples(), (7, 7), resample, **IMAGES)

    grown = stream.transform_source_example(image, "images")

    assert grown.dtype == dtype
    np.testing.assert_allclose(grown.astype(float), np.ones((2, 7, 10)), rtol=1e-6)


def test_a_list_of_images_stays_one_and_an_array_of_them_an_array():
    stream = MinimumImageDimensions(batches(), (9, 9), **IMAGES)

    as_list = stream.transform_source_batch(list(ragged()), "images")
    as_array = stream.transform_source_batch(pictures(4), "images")

    assert type(as_list) is list
    assert [image.shape[1:] for image in as_list] == [(9, 17), (14, 9), (9, 9), (13, 9), (9, 9)]
    assert type(as_array) is np.ndarray
    assert as_array.shape == (4, 3, 9, 9)


def test_images_that_are_large_enough_are_passed_on():
    stream = MinimumImageDimensions(batches(), (8, 8), **IMAGES)
    batch = pictures(4)

    assert stream.transform_source_batch(batch, "images") is batch


@pytest.mark.parametrize("image", [np.zeros((2, 3, 4, 2)), np.zeros(5), [1, 2]])
def test_only_images_grow(image):
    with pytest.raises(NotImplementedError, match="came in source 'images'"):
        MinimumImageDimensions(examples(), (4, 5), **IMAGES).transform_source_example(
            image, "images"
        )


def test_an_empty_image_does_not_grow():
    with pytest.raises(ValueError, match="0 by 4 pixels cannot be enlarged"):
        MinimumImageDimensions(examples(), (4, 5), **IMAGES).transform_source_example(
            np.zeros((3, 0, 4)), "images"
        )


# Windows


def test_a_window_is_a_part_of_its_image():
    images = pictures()
    stream = RandomFixedSizeCrop(batches(), (5, 6), **IMAGES)

    for windows, targets in items(stream):
        assert windows.shape == (len(targets), 3, 5, 6)
        for window, target in zip(windows, targets, strict=True):
            every = sliding_window_view(images[target], (5, 6), axis=(1, 2))
            assert (every.transpose(1, 2, 0, 3, 4) == window).all(axis=(2, 3, 4)).sum() == 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_windows_of_any_type_and_layout_are_those_of_the_generator(data):
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = data.draw(arrays.array_shapes(min_dims=4, max_dims=4, max_side=6))
    height, width = (data.draw(st.integers(1, side)) for side in shape[2:])
    batch = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    if data.draw(st.booleans()):
        batch = np.asfortranarray(batch)
    if data.draw(st.booleans()):
        batch = batch[:, :, ::-1]
    rng = np.random.RandomState(7)
    stream = RandomFixedSizeCrop(batches(), [height, width], rng=rng, **IMAGES)

    windows = stream.transform_source_batch(batch, "images")

    rng = np.random.RandomState(7)
    columns = rng.randint(0, shape[3] - width + 1, shape[0])  # all columns, then all rows
    rows = rng.randint(0, shape[2] - height + 1, shape[0])
    expected = [
        image[:, row : row + height, column : column + width]
        for image, row, column in zip(batch, rows, columns, strict=True)
    ]
    assert windows.dtype == dtype
    np.testing.assert_array_equal(windows, expected)


def test_single_windows_draw_a_row_and_then_a_column_if_there_is_a_choice():
    image = pictures(1, (2, 9, 7))[0]
    wide = pictures(1, (2, 4, 9))[0]
    stream = RandomFixedSizeCrop(examples(), (4, 5), rng=np.random.RandomState(3), **IMAGES)

    windows = [stream.transform_source_example(part, "images") for part in (image, wide, image)]

    rng = np.random.RandomState(3)
    row, column, beside = rng.randint(0, 6), rng.randint(0, 3), rng.randint(0, 5)
    np.testing.assert_array_equal(windows[0], image[:, row : row + 4, column : column + 5])
    np.testing.assert_array_equal(windows[1], wide[:, :, beside : beside + 5])
    row, column = rng.randint(0, 6), rng.randint(0, 3)
    np.testing.assert_array_equal(windows[2], image[:, row : row + 4, column : column + 5])


@pytest.mark.parametrize("form", [list, lambda images: images])
def test_windows_of_images_of_several_sizes_come_as_a_list(form):
    stream = RandomFixedSizeCrop(batches(), (4, 3), **IMAGES)

    windows = stream.transform_source_batch(form(ragged()), "images")

    assert type(windows) is list
    assert [window.shape for window in windows] == [(2, 4, 3)] * 5


@pytest.mark.parametrize(
    "batch", [np.zeros((7, 6)), [np.zeros((7, 6))], 5, np.array([1, "a"], object)]
)
@pytest.mark.parametrize("kind", [RandomFixedSizeCrop, Random2DRotation, RandomFlip, RandomErasing])
def test_a_batch_of_anything_else_is_refused(kind, batch):
    args = ((5, 4),) if kind is RandomFixedSizeCrop else ()

    with pytest.raises(ValueError, match="a batch of images is an array"):
        kind(batches(), *args, **IMAGES).transform_source_batch(batch, "images")


@pytest.mark.parametrize("kind", [RandomFixedSizeCrop, Random2DRotation, RandomFlip, RandomErasing])
def test_an_example_of_anything_else_is_refused(kind):
    args = ((5, 4),) if kind is RandomFixedSizeCrop else ()

    with pytest.raises(ValueError, match=r"of shape \(5, 6\); an image is an array"):
        kind(examples(), *args, **IMAGES).transform_source_example(np.zeros((5, 6)), "images")


def test_an_image_smaller_than_the_window_is_refused():
    with pytest.raises(ValueError, match="4 by 2 pixels.*holds no window of 5 by 4"):
        RandomFixedSizeCrop(batches(), (5, 4), **IMAGES).transform_source_batch(
            np.zeros((5, 3, 4, 2)), "images"
        )
    with pytest.raises(ValueError, match="4 by 9 pixels.*holds no window of 5 by 4"):
        RandomFixedSizeCrop(examples(), (5, 4), **IMAGES).transform_source_example(
            np.zeros((3, 4, 9)), "images"
        )


@pytest.mark.parametrize("shape", [(5,), (0, 4), (1, 2, 3), (2.5, 3)])
def test_a_window_is_two_positive_integers(shape):
    with pytest.raises(ValueError, match="give two positive integers"):
        RandomFixedSizeCrop(batches(), shape)


# Rotation


def angle_of(rng, count, maximum):
    return np.random.RandomState(rng).uniform(-maximum, maximum, count)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("resample", ["nearest", "bilinear"])
def test_images_turn_as_those_of_pillow_by_one_angle_each(resample, dtype):
    batch = np.random.default_rng(0).integers(0, 256, (6, 2, 13, 10)).astype(dtype)
    stream = Random2DRotation(batches(), 0.5, resample, rng=np.random.RandomState(123), **IMAGES)

    turned = stream.transform_source_batch(batch, "images")

    assert turned.dtype == dtype
    for image, angle, found in zip(batch, angle_of(123, 6, 0.5), turned, strict=True):
        for channel, pixels in zip(image, found, strict=True):
            picture = Image.fromarray(channel)
            expected = np.asarray(picture.rotate(math.degrees(angle), RESAMPLING[resample]))
            np.testing.assert_allclose(
                pixels.astype(float), expected, atol=1 if dtype == np.uint8 else 1e-3
            )


def test_cubic_convolution_turns_a_parabola_without_error():
    # R. G. Keys (1981): with a = -1/2 it reproduces polynomials of the second degree
    def parabola(x, y):
        return 2 + x - 3 * y + 0.5 * x * x - x * y + y * y

    y, x = np.mgrid[-10:11, -10:11].astype(float)
    (angle,) = angle_of(123, 1, 0.5)
    stream = Random2DRotation(examples(), 0.5, "bicubic", rng=np.random.RandomState(123), **IMAGES)

    turned = stream.transform_source_example(parabola(x, y)[np.newaxis], "images")

    # turned counter-clockwise on the screen, whose y points down
    across, down = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
    inner = np.s_[5:-5, 5:-5]
    np.testing.assert_allclose(turned[0][inner], parabola(across, down)[inner], atol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_any_type_and_number_of_channels_turns(dtype, channels):
    stream = Random2DRotation(examples(), 0.4, "bicubic", **IMAGES)

    turned = stream.transform_source_example(np.ones((channels, 11, 11), dtype), "images")

    assert turned.dtype == dtype
    np.testing.assert_allclose(turned[:, 3:-3, 3:-3].astype(float), 1, rtol=1e-3)
    assert (turned == turned[:1]).all()


@settings(max_examples=30, deadline=None)
@given(quarters=st.integers(-2, 2), size=st.integers(1, 7))
def test_a_quarter_turn_moves_every_pixel_of_a_square_to_its_place(quarters, size):
    image = np.arange(2 * size * size).reshape(2, size, size)
    stream = Random2DRotation(examples(), rng=Fixed(quarters * math.pi / 2), **IMAGES)

    turned = stream.transform_source_example(image, "images")

    np.testing.assert_array_equal(turned, np.rot90(image, quarters, axes=(1, 2)))


class Fixed(np.random.RandomState):
    """A generator whose uniform numbers are all the same."""

    def __init__(self, value):
        super().__init__(0)
        self.value = value

    def uniform(self, low=0.0, high=1.0, size=None):
        assert low <= self.value <= high
        return np.full(() if size is None else size, self.value)


def test_a_list_turns_to_a_list_and_an_array_of_images_to_such():
    def stream():
        return Random2DRotation(batches(), 0.5, rng=np.random.RandomState(1), **IMAGES)

    as_list = stream().transform_source_batch(list(ragged()), "images")
    as_array = stream().transform_source_batch(ragged(), "images")

    assert type(as_list) is list
    assert as_array.dtype == object
    for one, other, image in zip(as_list, as_array, ragged(), strict=True):
        assert one.shape == image.shape
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("maximum", [0.0, 3.1416, -1.0, math.nan])
def test_the_greatest_rotation_is_above_zero_and_at_most_pi(maximum):
    with pytest.raises(ValueError, match="must be above 0 and at most pi"):
        Random2DRotation(examples(), maximum_rotation=maximum)


@pytest.mark.parametrize("kind", [Random2DRotation, MinimumImageDimensions])
def test_a_filter_must_be_known(kind):
    args = ((4, 5),) if kind is MinimumImageDimensions else ()

    with pytest.raises(ValueError, match="unknown resampling filter 'magic'; choose one of"):
        kind(examples(), *args, resample="magic")


# Mirrors


@pytest.mark.parametrize("width", [1, 2, 3, 4, 6, 8, 16, 24, 27])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.float32])
@pytest.mark.parametrize(("across", "down"), [(1, 0), (0, 1), (1, 1), (0, 0)])
def test_mirrored_images_are_those_of_numpy(width, dtype, across, down):
    batch = np.random.default_rng(0).integers(0, 256, (4, 3, 5, width)).astype(dtype)
    before = batch.copy()
    stream = RandomFlip(batches(), horizontal=across, vertical=down, **IMAGES)

    flipped = stream.transform_source_batch(batch, "images")

    axes = [axis for axis, mirrored in ((3, across), (2, down)) if mirrored]
    np.testing.assert_array_equal(flipped, np.flip(before, axes))
    np.testing.assert_array_equal(batch, before)


def test_each_image_is_mirrored_by_a_coin_of_its_own():
    data = np.zeros((400, 1, 1, 2), np.uint8)
    data[..., 1] = 1

    (item,) = items(RandomFlip(batches(data, batch_size=400), **IMAGES))

    assert 150 < item[0][:, 0, 0, 0].sum() < 250  # five deviations


@pytest.mark.parametrize("form", [list, lambda images: images])
def test_images_of_several_sizes_are_mirrored_in_their_form(form):
    stream = RandomFlip(batches(), horizontal=1, **IMAGES)

    flipped = stream.transform_source_batch(form(ragged()), "images")

    assert type(flipped) is type(form(ragged()))
    for image, expected in zip(flipped, ragged(), strict=True):
        np.testing.assert_array_equal(image, expected[:, :, ::-1])


def test_an_example_is_mirrored():
    image = pictures(1)[0]
    stream = RandomFlip(examples(), horizontal=1, vertical=1, **IMAGES)

    np.testing.assert_array_equal(
        stream.transform_source_example(image, "images"), image[:, ::-1, ::-1]
    )


@pytest.mark.parametrize("name", ["horizontal", "vertical"])
@pytest.mark.parametrize("value", [-0.1, 1.5, math.nan])
def test_coins_have_a_probability(name, value):
    with pytest.raises(ValueError, match=f"{name}=.* is no probability; choose 0 to 1"):
        RandomFlip(examples(), **{name: value})


# Erasing


def test_an_erased_part_is_a_rectangle_of_the_shares_and_aspects_given():
    images = np.ones((200, 2, 40, 60), np.uint8)
    stream = RandomErasing(
        batches(images, batch_size=200), 1, area=(0.1, 0.3), aspect=(0.5, 2), value=7, **IMAGES
    )

    (item,) = items(stream)

    for image in item[0] == 7:
        np.testing.assert_array_equal(image[0], image[1])
        rows, columns = image[0].any(axis=1), image[0].any(axis=0)
        assert image[0].sum() == rows.sum() * columns.sum()
        for line in (rows, columns):
            assert np.abs(np.diff(line.astype(int))).sum() <= 2
        rounding = 0.5 * (rows.sum() + columns.sum()) + 0.25
        assert 0.1 * 2400 - rounding <= image.sum() / 2 <= 0.3 * 2400 + rounding
        assert 0.45 < rows.sum() / columns.sum() < 2.2


def test_a_rectangle_is_cut_to_the_image():
    stream = RandomErasing(examples(), 1, area=(1, 1), aspect=(4, 4), **IMAGES)

    erased = stream.transform_source_example(np.ones((1, 10, 10)), "images")

    assert (erased == 0).sum() == 10 * 5


def test_as_many_images_are_erased_as_probable():
    images = np.ones((400, 1, 10, 10), np.uint8)

    (item,) = items(RandomErasing(batches(images, batch_size=400), 0.25, **IMAGES))

    assert 57 < (item[0] == 0).any(axis=(1, 2, 3)).sum() < 143  # five deviations


@pytest.mark.parametrize("form", [list, lambda images: images])
def test_images_of_several_sizes_are_erased_in_their_form(form):
    images = ragged()
    stream = RandomErasing(batches(), 1, area=(1, 1), aspect=(1, 1), value=3, **IMAGES)

    erased = stream.transform_source_batch(form(images), "images")

    assert type(erased) is type(form(images))
    assert [image.shape for image in erased] == [image.shape for image in images]
    assert (erased[2] == 3).all()
    assert (images[2] == ragged()[2]).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"probability": 2}, "no probability"),
        ({"area": (0.5, 0.4)}, "no range of shares"),
        ({"area": (0.5, 1.4)}, "no range of shares"),
        ({"aspect": (0, 1)}, "no range of positive numbers"),
    ],
)
def test_what_is_erased_has_ranges(kwargs, message):
    with pytest.raises(ValueError, match=message):
        RandomErasing(examples(), **kwargs)


# Axis labels


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (MinimumImageDimensions, ((9, 9),)),
        (RandomFixedSizeCrop, ((5, 5),)),
        (Random2DRotation, ()),
        (RandomFlip, ()),
        (RandomErasing, ()),
    ],
)
class TestAxisLabels:
    def test_they_are_kept(self, kind, args):
        stream = kind(batches(), *args, **IMAGES)

        assert stream.axis_labels == batches().axis_labels

    @pytest.mark.parametrize("make", [batches, examples])
    def test_others_are_refused(self, kind, args, make):
        child = make()
        child.axis_labels = {"images": ("height", "width", "channel")}

        with pytest.raises(AxisLabelsMismatchError, match="source 'images' has"):
            items(kind(child, *args, **IMAGES))

    @pytest.mark.parametrize("by_example", [True, False])
    def test_a_stream_without_works_and_is_warned_about_once(self, kind, args, by_example, caplog):
        child = unlabelled(pictures(), by_example=by_example)

        with caplog.at_level(logging.WARNING):
            items(kind(child, *args))

        assert ["no axis labels" in record.message for record in caplog.records] == [True]

    def test_a_source_without_works(self, kind, args):
        child = batches()
        child.axis_labels = {"targets": ("batch",)}

        assert len(items(kind(child, *args, **IMAGES))) == 4


# Tiles


def test_images_are_tiled_row_by_row_with_gaps():
    images = np.arange(1, 6, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)

    picture = tile_images(images, columns=3, gap=1, value=9)

    assert picture.shape == (2, 5, 11)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[0, 0], [1, 1, 1, 9, 2, 2, 2, 9, 3, 3, 3])
    np.testing.assert_array_equal(picture[1, 2], [9] * 11)
    np.testing.assert_array_equal(picture[0, 3], [4, 4, 4, 9, 5, 5, 5, 9, 9, 9, 9])


def test_tiles_make_a_square_of_images_of_several_sizes():
    picture = tile_images(list(ragged()), gap=2)

    assert picture.shape == (2, 2 * 8 + 2, 3 * 9 + 4)
    np.testing.assert_array_equal(picture[:, :5, :9], ragged()[0])
    np.testing.assert_array_equal(picture[:, 10 : 10 + 7, :5], ragged()[3])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "give at least one"),
        (np.zeros((3, 4, 4)), "give at least one, each"),
        ([np.zeros((1, 2, 2)), np.zeros((3, 2, 2))], r"images have \[1, 3\] channels"),
    ],
)
def test_only_images_of_one_kind_are_tiled(images, message):
    with pytest.raises(ValueError, match=message):
        tile_images(images)


def test_tiles_stand_in_columns():
    with pytest.raises(ValueError, match="columns=0 must be at least 1"):
        tile_images(pictures(2), 0)


@settings(max_examples=40, deadline=None)
@given(
    tiles=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    over=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_tiling_what_was_cut_gives_the_image(tiles, shape, over):
    height, width = (n * size for n, size in zip(tiles, shape, strict=True))
    over = [min(extra, size - 1) for extra, size in zip(over, shape, strict=True)]
    image = np.arange(2 * (height + over[0]) * (width + over[1])).reshape(
        2, height + over[0], width + over[1]
    )

    cut = cut_tiles(image, shape)

    assert cut.shape == (tiles[0] * tiles[1], 2, *shape)
    np.testing.assert_array_equal(tile_images(cut, tiles[1], gap=0), image[:, :height, :width])


def test_a_batch_is_cut_image_by_image():
    batch = pictures(3, (1, 4, 6))

    cut = cut_tiles(batch, (2, 3))

    np.testing.assert_array_equal(cut, [cut_tiles(image, (2, 3)) for image in batch])


def test_an_image_holds_a_tile():
    with pytest.raises(ValueError, match="4 by 6 pixels hold no tile of 5 by 3"):
        cut_tiles(pictures(1, (1, 4, 6)), (5, 3))


# One after the other


@pytest.mark.parametrize(("across", "down"), [(1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("width", [5, 8])
def test_mirroring_what_was_cropped_mirrors_it(across, down, width):
    cropped = RandomFixedSizeCrop(batches(), (6, width), **IMAGES)
    flipped = RandomFlip(
        RandomFixedSizeCrop(batches(), (6, width), **IMAGES),
        horizontal=across,
        vertical=down,
        **IMAGES,
    )

    axes = [axis for axis, mirrored in ((3, across), (2, down)) if mirrored]
    for (one, _), (other, _) in zip(items(cropped), items(flipped), strict=True):
        np.testing.assert_array_equal(other, np.flip(one, axes))


def test_no_operation_writes_into_the_data():
    images = pictures()
    stream = RandomFlip(RandomErasing(batches(images), 1, **IMAGES), horizontal=1, **IMAGES)

    items(RandomFlip(stream, vertical=1, **IMAGES))

    np.testing.assert_array_equal(images, pictures())
