"""Binarized MNIST: MNIST's digits in black and white, drawn once (Larochelle and Murray, 2011)."""

from __future__ import annotations

from fuel.downloaders.mirrors import DataFile, HTTPMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["RECIPE", "fill_subparser"]

RECIPE = Recipe(
    name="binarized_mnist",
    contents="the three text files of binarized MNIST (110 MB)",
    source="They are from https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/.",
    files=(
        DataFile(
            name="binarized_mnist_train.amat",
            sha256="ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
            size=78400000,
        ),
        DataFile(
            name="binarized_mnist_valid.amat",
            sha256="1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
            size=15680000,
        ),
        DataFile(
            name="binarized_mnist_test.amat",
            sha256="e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
            size=15680000,
        ),
    ),
    mirrors=(
        HTTPMirror(url="https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/"),
        HTTPMirror(url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/"),
    ),
)
"""The files of binarized MNIST, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
