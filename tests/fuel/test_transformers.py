import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel import config
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.exceptions import AxisLabelsMismatchError
from fuel.schemes import (
    ConstantScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledScheme,
)
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import (
    AgnosticSourcewiseTransformer,
    AgnosticTransformer,
    Batch,
    Cast,
    ExpectsAxisLabels,
    FilterSources,
    Flatten,
    Mapping,
    Rename,
    ScaleAndShift,
    SourcewiseTransformer,
    Transformer,
)
from fuel.transformers.defaults import uint8_pixels_to_floatX

IMAGES = np.arange(48, dtype=np.uint8).reshape(6, 1, 2, 4)
CLASSES = np.arange(6, dtype=np.int16).reshape(6, 1)
LABELS = {"images": ("batch", "channel", "height", "width"), "classes": ("batch", "index")}


def stream(examples=False, images=IMAGES, labels=LABELS):
    scheme = SequentialExampleScheme(6) if examples else SequentialScheme(6, 4)
    dataset = IndexableDataset({"images": images, "classes": CLASSES}, axis_labels=labels)
    return DataStream(dataset, scheme)


def first(transformer):
    return next(transformer.get_epoch_iterator())


def test_flattened_batches_have_one_axis_beside_the_examples():
    images, classes = first(flat := Flatten(stream(), which_sources=("images",)))

    assert np.array_equal(images, IMAGES[:4].reshape(4, 8))
    assert np.array_equal(classes, CLASSES[:4])
    assert flat.axis_labels == {"images": ("batch", "feature"), "classes": ("batch", "index")}


def test_flattened_examples_are_vectors():
    images, classes = first(flat := Flatten(stream(examples=True)))

    assert np.array_equal(images, IMAGES[0].ravel())
    assert classes.shape == (1,)
    assert flat.axis_labels == {"images": ("feature",), "classes": ("feature",)}


def test_flattening_leaves_labels_unknown_that_were_unknown():
    flat = Flatten(stream(labels={"images": None, "classes": ("batch", "index")}))

    assert flat.axis_labels == {"images": None, "classes": ("batch", "feature")}


def test_flattening_all_sources_may_be_said_explicitly_and_needs_no_labels():
    flat = Flatten(stream(labels=None), which_sources=None)

    assert first(flat)[0].shape == (4, 8)
    assert flat.axis_labels is None


@pytest.mark.parametrize(
    ("dtype", "scale", "shift", "result"),
    [
        (np.uint8, 0.5, 1.0, np.float64),
        (np.float32, 0.5, 1.0, np.float32),
        (np.uint8, 3, 0, np.uint8),
        (np.uint8, 3, 0.5, np.float64),
        (np.int16, 2, 1, np.int16),
        (np.float32, 2, np.float64(1), np.float64),
    ],
)
def test_scaling_follows_numpy_in_values_and_types(dtype, scale, shift, result):
    images = IMAGES.astype(dtype)

    scaled, classes = first(ScaleAndShift(stream(images=images), scale, shift, ("images",)))

    assert scaled.dtype == result
    assert np.array_equal(scaled, images[:4] * scale + shift)
    assert np.array_equal(classes, CLASSES[:4])


def test_bytes_times_an_integer_wrap_around():
    images = np.full((6, 1), 100, np.uint8)

    assert first(ScaleAndShift(stream(images=images), 3, 0))[0].ravel().tolist() == [44] * 4


def test_a_scale_for_each_channel_is_broadcast():
    scale, shift = np.array([2.0, 3.0, 4.0, 5.0]), np.ones((2, 1))

    scaled, _ = first(ScaleAndShift(stream(), scale, shift, ("images",)))

    assert np.array_equal(scaled, IMAGES[:4] * scale + shift)


@given(st.floats(-4, 4, width=32), st.floats(-4, 4, width=32))
def test_scaling_in_a_type_of_its_own_differs_by_rounding_only(scale, shift):
    fused = ScaleAndShift(stream(), scale, shift, ("images",), dtype="float32")

    scaled, _ = first(fused)

    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, IMAGES[:4] * scale + shift, rtol=1e-6, atol=1e-5)


def test_scaling_does_not_change_the_data_set():
    images = IMAGES.astype(np.float32)

    list(ScaleAndShift(stream(images=images), 2.0, 1.0, dtype="float32").get_epoch_iterator())

    assert np.array_equal(images, IMAGES)


def test_scaling_in_an_integer_type_is_refused():
    with pytest.raises(ValueError, match="dtype=uint8"):
        ScaleAndShift(stream(), 2, 1, dtype="uint8")


def test_scaling_python_numbers_is_possible():
    numbers = DataStream(IterableDataset([1, 2]))

    assert list(ScaleAndShift(numbers, 2, 1).get_epoch_iterator()) == [(3,), (5,)]


@pytest.mark.parametrize("make", [lambda s: ScaleAndShift(s, 2, 1), lambda s: Cast(s, "float32")])
def test_numeric_transformers_keep_the_labels(make):
    assert make(stream()).axis_labels == LABELS


def test_casting_changes_the_type_of_the_sources_named():
    images, classes = first(Cast(stream(), "float32", which_sources=("images",)))

    assert (images.dtype, classes.dtype) == (np.float32, np.int16)
    assert np.array_equal(images, IMAGES[:4])


def test_casting_to_the_configured_type_reads_it_when_made():
    config.floatX = "float64"
    try:
        cast = Cast(stream(), "floatX")
    finally:
        del config.floatX

    assert first(cast)[0].dtype == np.float64


def test_pixels_become_floats_between_zero_and_one():
    class Pixels(IndexableDataset):
        default_transformers = uint8_pixels_to_floatX(("images",))

    dataset = Pixels({"images": np.array([[0, 51, 255]], np.uint8), "classes": np.zeros((1, 1))})

    pixels, _ = first(DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(1, 1)))

    assert pixels.dtype == np.dtype(config.floatX)
    np.testing.assert_allclose(pixels, [[0, 0.2, 1]], rtol=1e-6)


@pytest.mark.parametrize("make", [Flatten, lambda s, n: Cast(s, "f4", n)])
def test_a_source_that_the_stream_does_not_have_is_refused(make):
    with pytest.raises(
        ValueError, match=r"\['imagse'\], but the stream has \('images', 'classes'\)"
    ):
        make(stream(), ("imagse",))


def test_one_source_may_be_named_by_a_string():
    assert Flatten(stream(), which_sources="images").which_sources == ("images",)


@pytest.mark.parametrize("container", [tuple, list])
def test_a_mapping_replaces_the_sources(container):
    mapped = Mapping(stream(), lambda batch: container([batch[0] + 1, batch[1] * 2]))

    images, classes = first(mapped)

    assert np.array_equal(images, IMAGES[:4] + 1)
    assert np.array_equal(classes, CLASSES[:4] * 2)
    assert mapped.axis_labels is None


@pytest.mark.parametrize("container", [tuple, list])
def test_a_mapping_adds_sources(container):
    mapped = Mapping(stream(), lambda batch: container([batch[1] * 2]), add_sources=("doubled",))

    assert mapped.sources == ("images", "classes", "doubled")
    assert first(mapped)[2].ravel().tolist() == [0, 2, 4, 6]
    assert mapped.axis_labels == LABELS


def test_a_mapping_of_dictionaries_is_given_names_and_may_return_them_in_any_order():
    mapped = Mapping(
        stream(),
        lambda batch: {"b": batch["classes"] + 1, "a": batch["classes"] + 2},
        add_sources=("a", "b"),
        mapping_accepts=dict,
    )

    _, _, a, b = first(mapped)

    assert (a[0, 0], b[0, 0]) == (2, 1)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (lambda batch: batch[0], r"tuple or list .* \('a', 'b'\), but returned ndarray"),
        (lambda batch: batch[:1], r"1 elements for add_sources=\('a', 'b'\)"),
        (lambda batch: {"a": 1}, r"returned \['a'\], without \['b'\]"),
    ],
)
def test_what_a_mapping_returns_must_fit_its_sources(image, message):
    with pytest.raises(ValueError, match=message):
        first(Mapping(stream(), image, add_sources=("a", "b")))


def test_a_mapping_accepts_lists_or_dictionaries():
    with pytest.raises(ValueError, match="list or dict"):
        Mapping(stream(), tuple, mapping_accepts=str)


def test_a_source_that_is_there_already_cannot_be_added():
    with pytest.raises(ValueError, match="has already"):
        Mapping(stream(), tuple, add_sources=("images",))


def test_examples_are_collected_into_batches():
    batches = Batch(stream(examples=True), ConstantScheme(4))

    items = list(batches.get_epoch_iterator())

    assert [np.array_equal(a, b) for a, b in zip(items[0], (IMAGES[:4], CLASSES[:4]), strict=True)]
    assert [len(images) for images, _ in items] == [4, 2]
    assert not batches.produces_examples
    assert batches.axis_labels == LABELS


@pytest.mark.parametrize(("size", "sizes"), [(4, [4]), (3, [3, 3]), (7, [])])
def test_a_strict_batch_drops_what_is_too_few(size, sizes):
    batches = Batch(stream(examples=True), ConstantScheme(size), strictness=1)

    assert [len(images) for images, _ in batches.get_epoch_iterator()] == sizes


def test_the_strictest_batch_raises_at_what_is_too_few():
    iterator = Batch(stream(examples=True), ConstantScheme(4), strictness=2).get_epoch_iterator()
    next(iterator)

    with pytest.raises(ValueError, match="2 examples are left for a batch of 4"):
        next(iterator)


def test_examples_of_different_shapes_become_an_array_of_objects():
    ragged = IterableDataset({"words": [np.arange(2), np.arange(3)], "names": ["a", "bc"]})

    words, names = first(Batch(DataStream(ragged), ConstantScheme(2)))

    assert [word.tolist() for word in words] == [[0, 1], [0, 1, 2]]
    assert names.tolist() == ["a", "bc"]


def test_labels_that_are_unknown_stay_unknown_in_batches():
    dataset = IterableDataset({"a": [1], "b": [2]}, axis_labels={"a": None, "b": ("time",)})

    assert Batch(DataStream(dataset), ConstantScheme(1)).axis_labels == {
        "a": None,
        "b": ("batch", "time"),
    }


def test_examples_without_axes_become_batches_of_one_axis():
    dataset = IterableDataset({"a": [1, 2]}, axis_labels={"a": ("batch",)})

    batches = Batch(DataStream(dataset), ConstantScheme(2))

    assert first(batches)[0].shape == (2,)
    assert batches.axis_labels == {"a": ("batch",)}


def test_batches_are_not_collected_again():
    with pytest.raises(ValueError, match="gives batches already"):
        Batch(stream(), ConstantScheme(2))


@pytest.mark.parametrize("scheme", [SequentialScheme(6, 2), SequentialExampleScheme(6)])
def test_a_batch_needs_a_scheme_of_sizes(scheme):
    with pytest.raises(ValueError, match="requests indices"):
        Batch(stream(examples=True), scheme)


def test_strictness_is_one_of_three():
    with pytest.raises(ValueError, match="strictness"):
        Batch(stream(examples=True), ConstantScheme(2), strictness=3)


def test_sources_are_renamed_with_their_labels():
    renamed = Rename(stream(), {"images": "features"})

    assert renamed.sources == ("features", "classes")
    assert np.array_equal(first(renamed)[0], IMAGES[:4])
    assert renamed.axis_labels == {"features": LABELS["images"], "classes": LABELS["classes"]}


def test_sources_may_swap_their_names():
    assert Rename(stream(), {"images": "classes", "classes": "images"}).sources == (
        "classes",
        "images",
    )


@pytest.mark.parametrize(
    "names", [{"x": "y"}, {"images": "classes"}, {"images": "a", "classes": "a"}]
)
def test_renaming_what_is_not_there_or_to_one_name_is_refused(names):
    with pytest.raises(KeyError, match=r"cannot be renamed|several sources"):
        Rename(stream(), names)


@pytest.mark.parametrize(("option", "messages"), [("warn", 1), ("ignore", 0)])
def test_renaming_what_is_not_there_may_be_allowed(option, messages, caplog):
    with caplog.at_level(logging.WARNING):
        renamed = Rename(stream(), {"x": "images"}, on_non_existent=option)

    assert renamed.sources == ("images", "classes")
    assert len(caplog.records) == messages


def test_an_unknown_option_for_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match="on_non_existent"):
        Rename(stream(), {}, on_non_existent="maybe")


def test_filtering_keeps_sources_in_the_order_of_the_stream():
    kept = FilterSources(Rename(stream(), {"images": "x"}), ("classes", "x"))
    only = FilterSources(stream(), ("classes",))

    assert kept.sources == ("x", "classes")
    assert only.axis_labels == {"classes": LABELS["classes"]}
    assert type(first(only)) is tuple
    assert np.array_equal(first(only)[0], CLASSES[:4])


def test_filtering_for_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"not \['x'\]"):
        FilterSources(stream(), ("x",))


class Checking(ExpectsAxisLabels, Transformer):
    def __init__(self, data_stream, expected):
        super().__init__(data_stream, data_stream.produces_examples)
        self.expected = expected

    def transform_batch(self, batch):
        labels = (self.data_stream.axis_labels or {}).get("images")
        self.verify_axis_labels(self.expected, labels, "images")
        return batch


def test_axes_that_are_expected_pass():
    assert first(Checking(stream(), LABELS["images"]))


def test_axes_that_differ_are_refused():
    with pytest.raises(AxisLabelsMismatchError, match=r"needs the axes \('batch', 'time'\)"):
        first(Checking(stream(), ("batch", "time")))


def test_axes_that_are_unknown_are_logged_once(caplog):
    with caplog.at_level(logging.WARNING):
        list(Checking(stream(labels=None), ("batch",)).get_epoch_iterator())

    assert ["no axis labels" in record.getMessage() for record in caplog.records] == [True]


class Negate(SourcewiseTransformer):
    def __init__(self, data_stream, **kwargs):
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)

    def transform_source_batch(self, source_batch, source_name):
        return -source_batch.astype(int)

    def transform_source_example(self, source_example, source_name):
        return ~source_example


def test_a_users_sourcewise_transformer_touches_the_sources_named():
    images, classes = first(Negate(stream(), which_sources=("classes",)))

    assert np.array_equal(images, IMAGES[:4])
    assert classes.ravel().tolist() == [0, -1, -2, -3]
    assert first(Negate(stream(examples=True)))[1].tolist() == [-1]


def test_a_users_sourcewise_transformer_keeps_the_labels_of_what_it_does_not_touch():
    assert Negate(stream(), which_sources=("classes",)).axis_labels == {"images": LABELS["images"]}


class Increment(AgnosticSourcewiseTransformer):
    def transform_any_source(self, source_data, source_name):
        return source_data + len(source_name)


class Reverse(AgnosticTransformer):
    def transform_any(self, data):
        return data[::-1]


@pytest.mark.parametrize("examples", [False, True])
def test_agnostic_transformers_do_the_same_to_examples_and_batches(examples):
    child = stream(examples)
    request = 0 if examples else slice(0, 4)

    added = first(Increment(child, child.produces_examples))
    child = stream(examples)
    turned = first(Reverse(child, child.produces_examples))

    assert np.array_equal(added[0], IMAGES[request] + 6)
    assert np.array_equal(turned[1], IMAGES[request])


@pytest.mark.parametrize("examples", [False, True])
def test_a_transformer_that_does_not_define_its_function_says_so(examples):
    kind = "transform_example" if examples else "transform_batch"

    with pytest.raises(NotImplementedError, match=f"does not define {kind}"):
        first(Transformer(stream(examples), examples))


def test_a_transformer_of_unknown_kind_says_so_when_used():
    with pytest.raises(ValueError, match="produces_examples="):
        first(Transformer(stream()))


def test_a_transformer_does_not_turn_examples_into_batches_by_itself():
    with pytest.raises(NotImplementedError, match="is to produce batches"):
        first(Transformer(stream(examples=True), False))


def test_a_transformer_takes_no_requests():
    flat = Flatten(stream())
    flat.get_epoch_iterator()

    with pytest.raises(ValueError, match=r"not the request \[1\]"):
        flat.get_data([1])


def test_closing_and_resetting_reach_the_data_set():
    done = []

    class Told(IndexableDataset):
        def close(self, state):
            done.append("close")

        def reset(self, state):
            done.append("reset")

    flat = Flatten(Flatten(DataStream(Told(IMAGES), ShuffledScheme(6, 2))))
    flat.reset()
    flat.close()

    assert done == ["reset", "close"]


def test_a_mapping_needs_a_function():
    with pytest.raises(TypeError, match="mapping=3 is no function"):
        Mapping(stream(), 3)


def test_an_epoch_does_not_end_because_a_function_raises_stop_iteration():
    mapped = Mapping(stream(), lambda batch: next(iter(())))

    with pytest.raises(RuntimeError, match="Mapping raised StopIteration"):
        first(mapped)


class Numbered(Transformer):
    """Numbers the batches of an epoch."""

    stateless = False

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.number = 0

    def start_epoch(self):
        self.number = 0

    def transform_batch(self, batch):
        self.number += 1
        return batch[0], np.full(len(batch[0]), self.number)

    def own_state(self):
        return {"number": self.number}

    def load_own_state(self, state):
        self.number = state["number"]


def test_a_users_transformer_may_forget_what_it_kept_when_an_epoch_begins():
    numbered = Numbered(stream())
    next(numbered.get_epoch_iterator())

    assert [int(number[0]) for _, number in numbered.get_epoch_iterator()] == [1, 2]
    check_resumable(lambda: Numbered(stream()), abandon=(1, 0, None))


def test_base_classes_can_be_made_and_say_what_is_missing_when_used():
    with pytest.raises(NotImplementedError, match="define transform_source_batch"):
        first(SourcewiseTransformer(stream(), False))
