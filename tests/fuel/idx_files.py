"""Small files of the kind that MNIST comes in, for tests."""

import gzip
import struct

import numpy as np

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
IMAGES = {
    "train": np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8),
    "test": np.random.default_rng(1).integers(0, 256, (4, 28, 28), dtype=np.uint8),
}
LABELS = {split: (np.arange(len(images)) % 10).astype("u1") for split, images in IMAGES.items()}


def idx_bytes(array):
    """An array of bytes in the IDX format."""
    magic = 2048 + array.ndim
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def write_idx_files(directory, packed=True):
    """Write the four files of a small MNIST, packed by gzip or not."""
    for split, names in NAMES.items():
        for name, array in zip(names, (IMAGES[split], LABELS[split]), strict=True):
            content = idx_bytes(array)
            if packed:
                (directory / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
            else:
                (directory / name).write_bytes(content)
