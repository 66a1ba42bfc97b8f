"""Bytes that are gathered, cropped, mirrored and scaled in one pass are what they were in four."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cut_images import assert_equal, cut, epoch_of, images_of, labelled, stream_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.schemes import IterationScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Cast, Flatten, Mapping, MultiProcessing, ScaleAndShift, WorkerError

HERE = Path(__file__).parent
SCHEMES = [ShuffledScheme, SequentialScheme]
NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.integers(-300, 300), st.sampled_from([0, -0.0, 1e-300, -1e-300])
)


def same(batch):
    return batch


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_chain_gives_what_its_steps_give_in_numpy(data):
    height, width = (data.draw(st.integers(1, 40)) for _ in range(2))
    window = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    channels, scheme = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(SCHEMES))
    scale, shift = data.draw(NUMBERS), data.draw(NUMBERS)
    images = images_of(9, channels, height, width)

    scaled_first = data.draw(st.booleans())
    chain = stream_of(images, scheme, 4)
    if not scaled_first:
        chain = cut(chain, window)
    chain = ScaleAndShift(chain, scale, shift, dtype="float32")
    if scaled_first:
        chain = cut(chain, window)
    apart = Mapping(cut(Mapping(stream_of(images, scheme, 4), same), window), same)

    expected = [
        tuple(part.astype(np.float32) * np.float32(scale) for part in item)
        for item in epoch_of(apart)
    ]
    if shift != 0:
        expected = [tuple(part + np.float32(shift) for part in item) for item in expected]
    assert_equal(epoch_of(chain), expected)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 16), width=st.integers(1, 16), data=st.data())
def test_each_image_is_a_window_of_its_own_image_perhaps_mirrored(height, width, data):
    window = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    places = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    images = np.broadcast_to(places, (30, 2, height, width)).copy()
    windows = {
        way(places[top : top + window[0], left : left + window[1]]).tobytes()
        for top in range(height - window[0] + 1)
        for left in range(width - window[1] + 1)
        for way in (np.array, np.fliplr, np.flipud, lambda image: image[::-1, ::-1])
    }

    for batch, _ in epoch_of(Cast(cut(cut(stream_of(images), window), window), "float32")):
        for first, second in batch.astype(np.uint8):
            assert first.tobytes() in windows
            assert (first == second).all()


def chains(images):
    whole = stream_of(images)
    twice = cut(cut(stream_of(images)), (5, 9))
    return {
        "scaled": ScaleAndShift(whole, 1 / 255, -0.5, which_sources=("image",), dtype="float32"),
        "labels too": ScaleAndShift(stream_of(images), 0.1, 0, dtype="float32"),
        "cast": Cast(stream_of(images, SequentialScheme), "float32"),
        "cut": cut(stream_of(images)),
        "cut twice": ScaleAndShift(twice, 3, 0, which_sources=("image",), dtype="float32"),
        "flat": ScaleAndShift(Flatten(cut(stream_of(images))), 2, 1, dtype="float32"),
        "wide": ScaleAndShift(cut(stream_of(images), (7, 23), 0), 2, 1, dtype="float32"),
        "scaled, then cut": cut(ScaleAndShift(stream_of(images), 3, 1, dtype="float32")),
        "scaled twice": ScaleAndShift(
            ScaleAndShift(stream_of(images), 3, 1, dtype="float32"), 0.7, 1, dtype="float32"
        ),
        "cast, cut, scaled": ScaleAndShift(
            cut(Cast(stream_of(images), "float32")), 0.7, 1, dtype="float32"
        ),
        "too large for it": ScaleAndShift(cut(stream_of(images)), 1e39, 0, dtype="float32"),
    }


def print_chains():
    for name, chain in chains(images_of()).items():
        print(name, [part.tobytes().hex() for item in epoch_of(chain) for part in item])


BEGIN = """
import sys, warnings
warnings.simplefilter("ignore")
if sys.argv[1] == "without":
    sys.modules["fuel._native"] = None
from test_one_pass import *
"""


def printed(which, body):
    """What a program prints that runs with or without compiled code."""
    return subprocess.run(
        [sys.executable, "-c", BEGIN + body, which],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_without_compiled_code_all_is_the_same():
    pytest.importorskip("fuel._native")
    outputs = [printed(which, "print_chains()") for which in ("with", "without")]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) == 11


def test_a_profile_says_that_compiled_code_is_missing():
    pytest.importorskip("fuel._native")
    body = "print(chains(images_of())['cut'].profile(items=3))"
    assert "no C compiler at hand" in printed("without", body)
    assert "compiler" not in printed("with", body)


def test_a_profile_counts_bytes_of_every_stage():
    images = images_of(height=11, width=23)
    stream = cut(stream_of(images, batch_size=8))
    chain = ScaleAndShift(stream, 1, 0, which_sources=("image",), dtype="float32")

    profile = chain.profile(items=2)

    labels, window = 8, 8 * 3 * 7 * 17
    assert [stage.nbytes // stage.items for stage in profile.stages] == [
        8 * 3 * 11 * 23 + labels,
        window + labels,
        window + labels,
        4 * window + labels,
    ]


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("name", sorted({*chains(images_of())} - {"too large for it"}))
def test_workers_give_the_same(name):
    expected = epoch_of(chains(images_of())[name])

    with MultiProcessing(chains(images_of())[name], workers=2) as stream:
        assert_equal(epoch_of(stream), expected)


def scaled(dataset, scheme):
    stream = cut(DataStream(dataset, iteration_scheme=scheme))
    return ScaleAndShift(stream, 2, 1, which_sources=("image",), dtype="float32")


def test_a_request_that_fails_in_a_worker_is_the_only_one_that_does():
    rows = [*range(40)] * 3
    expected = epoch_of(scaled(labelled(images_of()), SequentialScheme(rows, 4)))
    rows[53] = 40

    items, errors = [], []
    with MultiProcessing(scaled(labelled(images_of()), SequentialScheme(rows, 4))) as stream:
        epoch = stream.get_epoch_iterator()
        while len(items) + len(errors) < 30:
            try:
                items.append(tuple(part.copy() for part in next(epoch)))
            except WorkerError as error:
                errors.append((len(items), str(error)))

    [(place, message)] = errors
    assert place == 53 // 4
    assert "example 40 was requested" in message
    assert_equal(items, [*expected[:place], *expected[place + 1 :]])


class Growing(IterationScheme):
    """Batches that become larger and smaller again."""

    requests_examples = False

    def get_request_iterator(self):
        return iter([[*range(size)] for size in (1, 2, 1, 8, 40, 40, 40, 3, 40, 1)])

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass

    def fingerprint(self):
        return "batches of several sizes"


def test_batches_of_several_sizes_arrive_whole():
    expected = epoch_of(scaled(labelled(images_of()), Growing()))
    with MultiProcessing(scaled(labelled(images_of()), Growing()), workers=1) as stream:
        assert_equal(epoch_of(stream), expected)


def test_labels_that_are_no_numbers_arrive_with_what_is_made_in_one_pass():
    names = np.array([f"number {row}" for row in range(40)], object)
    scheme = SequentialScheme(40, 8)
    expected = epoch_of(scaled(labelled(images_of(), names), scheme))
    with MultiProcessing(scaled(labelled(images_of(), names), scheme)) as stream:
        items = epoch_of(stream)

    assert_equal([(image,) for image, _ in items], [(image,) for image, _ in expected])
    assert [name for _, labels in items for name in labels] == names.tolist()


def arguments(**changes):
    given = {
        "pictures": np.zeros((5, 2, 4, 6), np.uint8),
        "rows": np.array([0, 4]),
        "picture": (2, 4, 6),
        "window": (3, 2),
        "tops": np.array([0, 1]),
        "lefts": np.array([4, 0]),
        "across": np.array([True, False]),
        "down": None,
        "out": np.zeros((2, 2, 3, 2), np.uint8),
    }
    return [*{**given, **changes}.values()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": np.array([0, 5])}, "a row is outside"),
        ({"rows": np.array([-1, 0])}, "a row is outside"),
        ({"rows": np.array([0, 4, 1])}, "as many of everything"),
        ({"tops": np.array([0, 2])}, "a window is outside"),
        ({"tops": np.array([0, -1])}, "a window is outside"),
        ({"lefts": np.array([5, 0])}, "a window is outside"),
        ({"lefts": np.array([0])}, "as many of everything"),
        ({"across": np.array([True])}, "as many of everything"),
        ({"down": np.array([True])}, "as many of everything"),
        ({"window": (5, 2)}, "a window is too large"),
        ({"window": (0, 2)}, "has no pixels"),
        ({"picture": (2, 4, -6)}, "a window is too large"),
        ({"picture": (2, 2**62, 2**62)}, "a picture is too large"),
        ({"picture": (2**62, 4, 6)}, "a picture is too large"),
        ({"out": np.zeros((2, 2, 3, 3), np.uint8)}, "the result has another size"),
    ],
)
def test_compiled_code_touches_nothing_outside(changes, message):
    native = pytest.importorskip("fuel._native")
    native.gather_bytes(*arguments())
    with pytest.raises(ValueError, match=message):
        native.gather_bytes(*arguments(**changes))
    if "out" not in changes:
        floats = np.zeros((2, 2, 3, 2), np.float32)
        with pytest.raises(ValueError, match=message):
            native.gather_floats(*arguments(**{**changes, "out": floats}), 1.0, 0.0)
