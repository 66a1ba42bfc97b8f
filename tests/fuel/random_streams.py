"""Streams with random transformers that tests also run in worker processes."""

from functools import partial

import numpy as np

from fuel.datasets import IndexableDataset
from fuel.schemes import SequentialExampleScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import ScaleAndShift
from fuel.transformers.corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise
from fuel.transformers.image import (
    MinimumImageDimensions,
    Random2DRotation,
    RandomErasing,
    RandomFixedSizeCrop,
    RandomFlip,
)

EXAMPLES = 13
LABELS = {"images": ("batch", "channel", "height", "width"), "targets": ("batch",)}


def pictures(examples=EXAMPLES, shape=(3, 8, 8)):
    """Images whose pixels all differ, or nearly."""
    return (np.arange(examples * np.prod(shape)) % 251).astype(np.uint8).reshape(examples, *shape)


def batches(images=None, *, seed=5, batch_size=4, rng=None):
    """Shuffled batches of images and their numbers, with axis labels."""
    images = pictures() if images is None else images
    data = {"images": images, "targets": np.arange(len(images))}
    dataset = IndexableDataset(data, axis_labels=LABELS)
    kwargs = {"seed": seed} if rng is None else {"rng": rng}
    scheme = ShuffledScheme(len(images), batch_size, **kwargs)
    return DataStream(dataset, iteration_scheme=scheme)


def examples(images=None):
    """Images one by one, in order, with axis labels."""
    images = pictures() if images is None else images
    data = {"images": images, "targets": np.arange(len(images))}
    dataset = IndexableDataset(data, axis_labels=LABELS)
    return DataStream(dataset, iteration_scheme=SequentialExampleScheme(len(images)))


def ragged(sizes=((5, 9), (6, 4), (8, 8), (7, 5), (4, 4))):
    """An array of images of several sizes."""
    images = np.empty(len(sizes), object)
    for index, size in enumerate(sizes):
        images[index] = pictures(1, (2, *size))[0] + np.uint8(index)
    return images


def in_chain(transformer, stream, *args, **kwargs):
    return transformer(stream, *args, which_sources=("images",), **kwargs)


OPERATIONS = {
    "crop": partial(in_chain, RandomFixedSizeCrop, window_shape=(5, 6)),
    "flip": partial(in_chain, RandomFlip, vertical=0.5),
    "rotation": partial(in_chain, Random2DRotation, maximum_rotation=1.0),
    "erasing": partial(in_chain, RandomErasing, probability=0.8),
    "masking": partial(in_chain, MaskingNoise, probability=0.4, add_masks=True),
    "salt and pepper": partial(in_chain, SaltAndPepperNoise, probability=0.4),
    "gaussian": partial(in_chain, GaussianNoise, deviation=20.0),
    "minimum": partial(in_chain, MinimumImageDimensions, minimum_shape=(9, 11)),
}


def one(name, **kwargs):
    """Batches through one operation."""
    return OPERATIONS[name](batches(), **kwargs)


def one_of_examples(name, **kwargs):
    return OPERATIONS[name](examples(), **kwargs)


def augmented():
    """Cropped, flipped and scaled."""
    stream = RandomFixedSizeCrop(batches(), (5, 5), which_sources=("images",))
    stream = RandomFlip(stream, which_sources=("images",))
    return ScaleAndShift(stream, 1 / 255, 0, which_sources=("images",), dtype="float32")


def corrupted():
    """Every kind of noise, one upon the other."""
    stream = one("masking")
    stream = OPERATIONS["salt and pepper"](stream)
    return OPERATIONS["gaussian"](stream)
