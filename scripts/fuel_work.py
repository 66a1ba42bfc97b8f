"""The work that is raced: two files, what is made of them by us, and the same in NumPy for peers.

Work A: 60,000 images of 28 by 28 bytes, shuffled batches, scaled to 32-bit floats.
Work B: 10,000 pictures of 3 by 64 by 64 bytes, shuffled batches, a random crop of 56 by 56, half of
them flipped left to right, scaled to 32-bit floats.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuel.converters import write_hdf5
from fuel.datasets import H5PYDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers import Padding, ScaleAndShift
from fuel.transformers.image import RandomFixedSizeCrop, RandomFlip

SCALE = 1 / 255
WINDOW = 56


def make_a(path: Path, examples: int, chunk: int | None = None) -> Path:
    """Write a file shaped like MNIST: bytes `(examples, 28, 28)` and one label each.

    Nine pixels in ten are zero, as in MNIST.

    Args:
        path: where to.
        examples: how many.
        chunk: rows in a chunk packed by gzip; None for one contiguous piece.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (examples, 28, 28), dtype=np.uint8)
    images[rng.random(images.shape, np.float32) < 0.9] = 0
    labels = rng.integers(0, 10, (examples, 1), dtype=np.uint8)
    return _write(path, images, labels, chunk)


def make_b(path: Path, examples: int) -> Path:
    """Write a file of bytes `(examples, 3, 64, 64)` and one label each."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (examples, 3, 64, 64), dtype=np.uint8)
    return _write(path, images, rng.integers(0, 10, (examples, 1), dtype=np.uint8), None)


def make_text(path: Path, examples: int) -> Path:
    """Write a file of ragged texts: 20 to 400 numbers of words each."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 401, examples)
    texts = [rng.integers(0, 50000, length, dtype=np.uint16) for length in lengths]
    write_hdf5(path, {"train": {"text": texts}}, axis_labels={"text": ("batch", "time")})
    return path


def work_text(path: Path, batch_size: int) -> AbstractDataStream:
    """Shuffled batches of texts, padded, and which of it is text."""
    return Padding(shuffled(path, batch_size))


def padded(texts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The same in NumPy: texts as one array, and which of it is text."""
    longest = max(map(len, texts))
    batch = np.zeros((len(texts), longest), texts[0].dtype)
    mask = np.zeros((len(texts), longest))
    for row, text in enumerate(texts):
        batch[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return batch, mask


def _write(path: Path, images: np.ndarray, labels: np.ndarray, chunk: int | None) -> Path:
    how: dict[str, Any] = {}
    if chunk is not None:
        how = {"compression": "gzip", "chunks": (chunk, *images.shape[1:])}
    rows = {"features": (0, len(images)), "targets": (0, len(labels))}
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=images, **how)
        file.create_dataset("targets", data=labels)
        axes = {3: ("batch", "height", "width"), 4: ("batch", "channel", "height", "width")}
        for axis, name in enumerate(axes[images.ndim]):
            file["features"].dims[axis].label = name
        file.attrs["split"] = H5PYDataset.create_split_array({"train": rows})
    return path


def shuffled(path: Path, batch_size: int) -> DataStream:
    """Shuffled batches of the training set."""
    dataset = H5PYDataset(path, ("train",))
    scheme = ShuffledScheme(int(dataset.num_examples), batch_size, seed=1)
    return DataStream(dataset, iteration_scheme=scheme)


def work_a(path: Path, batch_size: int) -> AbstractDataStream:
    """Shuffled batches with features from 0 to 1."""
    stream = shuffled(path, batch_size)
    return ScaleAndShift(stream, SCALE, 0, which_sources=("features",), dtype="float32")


def work_b(path: Path, batch_size: int) -> AbstractDataStream:
    """Shuffled batches of crops, half of them flipped, with features from 0 to 1."""
    images = ("features",)
    stream: AbstractDataStream = shuffled(path, batch_size)
    stream = RandomFixedSizeCrop(stream, (WINDOW, WINDOW), which_sources=images)
    stream = RandomFlip(stream, which_sources=images)
    return ScaleAndShift(stream, SCALE, 0, which_sources=images, dtype="float32")


def shuffled_indices(rows: int, batch_size: int) -> Iterator[np.ndarray]:
    """Batches of indices, in a new order each epoch, for ever."""
    rng = np.random.default_rng(1)
    while True:
        order = rng.permutation(rows)
        yield from np.split(order, range(batch_size, rows, batch_size))


class Batches:
    """What the peers run: whole batches of arrays in memory, made by hand in NumPy.

    Args:
        path: the file; its arrays are read into memory.
        batch_size: examples in a batch.
    """

    def __init__(self, path: Path, batch_size: int) -> None:
        with h5py.File(path) as file:
            self.images, self.labels = file["features"][:], file["targets"][:]
        self.path = path
        self.batch_size = batch_size
        self.order = np.random.default_rng(1).permutation(len(self.images))

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        start = number * self.batch_size
        return self.batch(self.order[start : start + self.batch_size])

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """The examples of some indices, features from 0 to 1."""
        images = self.images.take(indices, axis=0)
        return np.multiply(images, SCALE, dtype=np.float32), self.labels.take(indices, axis=0)

    def example(self, row: int) -> tuple[np.ndarray, ...]:
        """One example, features from 0 to 1."""
        return np.multiply(self.images[row], SCALE, dtype=np.float32), self.labels[row]


class Prebuilt:
    """The same of batches that are there already: what is left is to hand them over.

    Args:
        pool: `(batches, examples of a batch, ...)`: given in turn, for ever.
    """

    def __init__(self, pool: np.ndarray) -> None:
        self.pool = pool
        self.batch_size = pool.shape[1]
        self.order = np.arange(pool.shape[0] * pool.shape[1])

    def __len__(self) -> int:
        return len(self.pool)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        return (self.pool[number],)

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """The batch in which the first index is."""
        return self[int(indices[0]) // self.batch_size]


class CropBatches(Batches):
    """The same of random crops, half of them flipped."""

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """The examples of some indices, cropped, perhaps flipped, from 0 to 1."""
        rng = np.random.default_rng(int(indices[0]))
        height, width = self.images.shape[2:]
        tops = rng.integers(0, height - WINDOW + 1, len(indices))
        lefts = rng.integers(0, width - WINDOW + 1, len(indices))
        flips = rng.random(len(indices)) < 0.5
        out = np.empty((len(indices), 3, WINDOW, WINDOW), np.float32)
        rows = zip(indices, tops, lefts, flips, strict=True)
        for place, (row, top, left, flip) in enumerate(rows):
            crop = self.images[row, :, top : top + WINDOW, left : left + WINDOW]
            out[place] = crop[:, :, ::-1] if flip else crop
        out *= np.float32(SCALE)
        return out, self.labels.take(indices, axis=0)

    def example(self, row: int) -> tuple[np.ndarray, ...]:
        """One example, cropped, perhaps flipped, from 0 to 1."""
        images, labels = self.batch(np.array([row]))
        return images[0], labels[0]


class Examples:
    """One example after another of arrays in memory, as sources of examples are written.

    Args:
        batches: whose arrays to take from.
    """

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches.images)

    def __getitem__(self, row: int) -> tuple[np.ndarray, ...]:
        return self.batches.example(row)
