"""Streams of pictures in bytes that are cut and mirrored, and what an epoch of them gives."""

import numpy as np

from fuel.datasets import IndexableDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers.image import RandomFixedSizeCrop, RandomFlip

AXES = ("batch", "channel", "height", "width")


def images_of(examples=40, channels=3, height=11, width=23):
    rng = np.random.default_rng(height)
    return rng.integers(0, 256, (examples, channels, height, width), dtype=np.uint8)


def labelled(images, labels=None):
    labels = np.arange(len(images), dtype=np.uint8) if labels is None else labels
    sources = {"image": images, "label": labels}
    return IndexableDataset(sources, axis_labels={"image": AXES, "label": ("batch",)})


def stream_of(images, scheme=ShuffledScheme, batch_size=16):
    return DataStream(labelled(images), iteration_scheme=scheme(len(images), batch_size))


def cut(stream, window=(7, 17), vertical=0.4):
    stream = RandomFixedSizeCrop(stream, window, which_sources=("image",))
    return RandomFlip(stream, vertical=vertical, which_sources=("image",))


def epoch_of(stream):
    return [tuple(part.copy() for part in item) for item in stream.get_epoch_iterator()]


def assert_equal(items, others):
    assert len(items) == len(others) > 0
    for item, other in zip(items, others, strict=True):
        for part, expected in zip(item, other, strict=True):
            assert part.dtype == expected.dtype
            assert part.shape == expected.shape
            assert part.tobytes() == expected.tobytes()
