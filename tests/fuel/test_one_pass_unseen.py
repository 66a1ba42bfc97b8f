"""What is pending between transformers is seen by nobody: code of users is given arrays."""

import numpy as np
import pytest
from cut_images import AXES, assert_equal, cut, epoch_of, images_of, stream_of

from fuel.datasets import IndexableDataset
from fuel.iterator import DataIterator
from fuel.schemes import SequentialExampleScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Cast, MultiProcessing, ScaleAndShift
from fuel.transformers.image import RandomFixedSizeCrop, RandomFlip


class SeesArrays(ScaleAndShift):
    """A subclass that looks at what it is given."""

    def apply(self, data, context):
        assert all(type(part) is np.ndarray for part in data)
        return super().apply(data, context)


class OwnStream(DataStream):
    """Halves what it read."""

    def get_data(self, request=None):
        image, label = super().get_data(request)
        return image // 2, label


class OwnDataset(IndexableDataset):
    """Halves what it read."""

    def get_data(self, state=None, request=None):
        image, label = super().get_data(state, request)
        return image // 2, label


class Halving(DataIterator):
    """Halves what the stream gave."""

    def __next__(self):
        return tuple(part // 2 for part in super().__next__())


class IteratesItsOwnWay(DataStream):
    """A stream with an iterator of its own."""

    def get_epoch_iterator(self, as_dict=False):
        requests = super().get_epoch_iterator(as_dict).request_iterator
        return Halving(self, requests, as_dict)


class Passing:
    """No more than a stream must have; its iterator is that of the stream it passes on."""

    produces_examples, sources, axis_labels = False, ("data",), None

    def __init__(self, stream):
        self.stream = stream

    def get_epoch_iterator(self, as_dict=False):
        return self.stream.get_epoch_iterator(as_dict)


def test_streams_that_iterate_their_own_way_are_heeded():
    images = images_of()
    dataset, scheme = IndexableDataset(images), SequentialScheme(len(images), 8)
    halves = (images // 2).astype(np.float32)

    for expected, stream in (
        (halves, IteratesItsOwnWay(dataset, iteration_scheme=scheme)),
        (images, Passing(DataStream(dataset, iteration_scheme=scheme))),
    ):
        batches = epoch_of(Cast(stream, "float32"))
        assert (np.concatenate([batch for (batch,) in batches]) == expected).all()


def test_a_subclass_of_a_transformer_is_given_arrays():
    chain = SeesArrays(cut(stream_of(images_of())), 2, 0, dtype="float32")
    plain = ScaleAndShift(cut(stream_of(images_of())), 2, 0, dtype="float32")
    assert_equal(epoch_of(chain), epoch_of(plain))


class SeesCrops(RandomFixedSizeCrop):
    """A subclass that looks at what its parent class made."""

    def apply(self, data, context):
        cropped = super().apply(data, context)
        assert all(type(part) is np.ndarray for part in cropped)
        return cropped


@pytest.mark.parametrize("workers", [0, 1])
def test_a_subclass_sees_arrays_that_its_parent_class_made(workers):
    crop = SeesCrops(stream_of(images_of()), (5, 9), which_sources=("image",))
    chain = ScaleAndShift(crop, 2, 0, which_sources=("image",), dtype="float32")

    with MultiProcessing(chain, workers=workers) as stream:
        found = [image.shape for image, _ in epoch_of(stream)]

    assert found == [(16, 3, 5, 9), (16, 3, 5, 9), (8, 3, 5, 9)]


class SeesWhatItRead(IndexableDataset):
    """A data set that looks at what it read."""

    def get_data_into(self, state, request, allocate):
        data = super().get_data_into(state, request, allocate)
        assert all(type(part) is np.ndarray for part in data)
        return data


class Wrapped:
    """A data set that passes on everything but what it gives, which it halves."""

    def __init__(self, dataset):
        self.wrapped = dataset

    def __getattr__(self, name):
        return getattr(self.wrapped, name)

    def get_data(self, state=None, request=None):
        return tuple(part // 2 for part in self.wrapped.get_data(state, request))


class HalvesArrays(IndexableDataset):
    """Halves what it read, by requests of any form."""

    accepts_arrays = True

    def get_data(self, state=None, request=None):
        return tuple(part // 2 for part in super().get_data(state, request))


def test_data_sets_that_do_something_to_what_they_read_are_asked():
    images = images_of()
    halves = (images // 2).astype(np.float32)
    replaced = IndexableDataset(images)
    replaced.get_data = lambda state, request: (images[request] // 2,)

    for expected, dataset in (
        (images, SeesWhatItRead(images)),
        (halves, Wrapped(IndexableDataset(images))),
        (halves, HalvesArrays(images)),
        (halves, replaced),
    ):
        stream = DataStream(dataset, iteration_scheme=SequentialScheme(len(images), 8))
        batches = epoch_of(Cast(stream, "float32"))
        assert (np.concatenate([batch for (batch,) in batches]) == expected).all()


def test_what_is_put_in_place_of_a_method_sees_arrays():
    seen = []

    def seeing(method):
        def see(*arguments):
            given = method(*arguments)
            seen.extend(type(part) for part in (*given, *(arguments[0] if arguments else ())))
            return given

        return see

    stream = stream_of(images_of(), batch_size=40)
    flip = RandomFlip(stream, which_sources=("image",))
    chain = ScaleAndShift(flip, 2, 0, dtype="float32")
    expected = epoch_of(chain)
    stream = stream_of(images_of(), batch_size=40)
    stream.get_data = seeing(stream.get_data)
    flip = RandomFlip(stream, which_sources=("image",))
    flip.apply = seeing(flip.apply)
    chain = ScaleAndShift(flip, 2, 0, dtype="float32")
    chain.apply = seeing(chain.apply)

    assert_equal(epoch_of(chain), expected)
    assert len(seen) > 8
    assert set(seen) <= {np.ndarray, np.int64}


def test_subclasses_that_read_their_own_way_are_heeded():
    images = images_of()
    sources = {"image": images, "label": np.arange(len(images), dtype=np.uint8)}
    scheme = SequentialScheme(len(images), 8)
    expected = (images // 2).astype(np.float32)

    for stream in (
        OwnStream(IndexableDataset(sources), iteration_scheme=scheme),
        DataStream(OwnDataset(sources), iteration_scheme=scheme),
    ):
        batches = epoch_of(Cast(stream, "float32"))
        assert (np.concatenate([image for image, _ in batches]) == expected).all()


def test_a_renamed_source_is_found():
    stream = stream_of(images_of())
    stream.sources = ("picture", "number")
    chain = ScaleAndShift(stream, 2, 0, which_sources=("picture",), dtype="float32")
    chain.sources = ("half", "of it")
    chain.which_sources = ("half",)

    expected = ScaleAndShift(
        stream_of(images_of()), 2, 0, which_sources=("image",), dtype="float32"
    )
    assert_equal(epoch_of(chain), epoch_of(expected))


def test_a_child_that_is_peeked_at_or_asked_gives_arrays():
    child = stream_of(images_of())
    chain = ScaleAndShift(child, 1, 0, dtype="float32")
    epoch = chain.get_epoch_iterator()
    first, _ = next(epoch)

    peeked = child.peek()["image"]
    asked, _ = child.get_data([3, 1])
    second, _ = next(epoch)

    assert type(peeked) is type(asked) is np.ndarray
    assert (asked == images_of()[[3, 1]]).all()
    assert (second == peeked).all()
    assert first.shape == second.shape


def test_the_iterators_of_the_children_give_arrays_to_everybody_else():
    child = stream_of(images_of(), batch_size=8)
    flip = RandomFlip(child, which_sources=("image",))
    chain = ScaleAndShift(flip, 1, 0, dtype="float32")
    next(chain.get_epoch_iterator())

    for iterator in (chain.child_epoch_iterator, flip.child_epoch_iterator, child.epoch_iterator):
        assert [type(part) for part in next(iterator)] == [np.ndarray] * 2


def test_another_data_set_and_another_method_are_heeded_on_the_way():
    images = images_of()
    stream = DataStream(IndexableDataset(images), iteration_scheme=SequentialScheme(40, 8))
    chain = Cast(Cast(stream, "float32"), "float32")
    inner, seen = chain.data_stream, []
    epoch = chain.get_epoch_iterator()
    next(epoch)

    stream.dataset = Wrapped(stream.dataset)
    (second,) = next(epoch)
    stream.dataset = stream.dataset.wrapped
    method = inner.apply
    inner.apply = lambda data, context: seen.extend(data) or method(data, context)
    (third,) = next(epoch)

    assert (second == images[8:16] // 2).all()
    assert (third == images[16:24]).all()
    assert [type(batch) for batch in seen] == [np.ndarray]


def test_an_iterator_in_place_of_the_childs_is_taken_from():
    images = images_of()
    chain = ScaleAndShift(stream_of(images), 1, 0, dtype="float32")
    epoch = chain.get_epoch_iterator()
    next(epoch)

    chain.child_epoch_iterator = iter([(images[:2], np.arange(2))])

    assert (next(epoch)[0] == images[:2]).all()


@pytest.mark.parametrize("whose", ["child", "chain"])
def test_sources_that_are_renamed_on_the_way_are_no_longer_transformed(whose):
    child = stream_of(images_of(), SequentialScheme, 8)
    chain = ScaleAndShift(child, 2, 0, dtype="float32")
    epoch = chain.get_epoch_iterator()
    next(epoch)

    {"child": child, "chain": chain}[whose].sources = ("picture", "number")
    image, labels = next(epoch)

    assert (image == images_of()[8:16]).all()
    assert labels.tolist() == list(range(8, 16))


def test_a_scale_that_is_changed_on_the_way_counts_from_there():
    images = images_of()
    chain = ScaleAndShift(stream_of(images, SequentialScheme, 8), 1, 0, dtype="float32")
    epoch = chain.get_epoch_iterator()
    next(epoch)

    chain.scale = np.full(23, 2.0)
    chain.which_sources = ("image",)
    second, labels = next(epoch)

    assert (second == 2 * images[8:16].astype(np.float32)).all()
    assert labels.tolist() == list(range(8, 16))


@pytest.mark.parametrize("workers", [0, 1])
def test_single_examples_are_scaled_and_then_cut(workers):
    images = images_of()
    axes = {"image": AXES[1:]}
    dataset = IndexableDataset({"image": images}, axis_labels=axes)
    examples = DataStream(dataset, iteration_scheme=SequentialExampleScheme(len(images)))
    scaled = ScaleAndShift(examples, 2, 0, dtype="float32")
    chain = RandomFixedSizeCrop(RandomFlip(scaled, horizontal=1.0), (11, 23))

    with MultiProcessing(chain, workers=workers) as stream:
        found = [image.copy() for (image,) in stream.get_epoch_iterator()]

    assert (np.stack(found) == 2 * images[..., ::-1].astype(np.float32)).all()


class OneBuffer:
    """Numbers that are always given in the same array."""

    def __init__(self, length):
        self.length = length
        self.buffer = np.empty(8)

    def __len__(self):
        return self.length

    def __getitem__(self, rows):
        self.buffer[:] = range(*rows.indices(self.length))
        return self.buffer


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_container_may_use_its_memory_again_for_each_batch(workers):
    sources = {"image": images_of(), "number": OneBuffer(40)}
    stream = DataStream(IndexableDataset(sources), iteration_scheme=SequentialScheme(40, 8))
    chain = Cast(stream, "float32", which_sources=("image",))

    with MultiProcessing(chain, workers=workers) as stream:
        found = [numbers.tolist() for _, numbers in epoch_of(stream)]

    assert found == [[*range(start, start + 8)] for start in range(0, 40, 8)]


def test_images_that_are_none_are_refused_as_before():
    flat = IndexableDataset({"image": np.zeros((8, 20), np.uint8)}, axis_labels={"image": AXES})
    stream = DataStream(flat, iteration_scheme=ShuffledScheme(8, 4))
    for chain in (RandomFixedSizeCrop(stream, (2, 2)), RandomFlip(stream)):
        with pytest.raises(ValueError, match=r"an array of shape \(4, 20\)"):
            next(chain.get_epoch_iterator())


def test_a_failed_item_leaves_the_stream_as_it_was():
    stream = stream_of(images_of(height=11))
    chain = Cast(RandomFixedSizeCrop(stream, (12, 5), which_sources=("image",)), "float32")
    with pytest.raises(ValueError, match="holds no window of 12 by 5"):
        next(chain.get_epoch_iterator())
    assert type(stream.get_data([0])[0]) is np.ndarray
