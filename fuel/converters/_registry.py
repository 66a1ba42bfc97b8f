"""The data sets that `fuel-convert` knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from fuel.converters import (
    adult,
    binarized_mnist,
    caltech101_silhouettes,
    celeba,
    cifar10,
    cifar100,
    dogs_vs_cats,
    ilsvrc2010,
    ilsvrc2012,
    image_folder,
    iris,
    mnist,
    npz,
    repack,
    svhn,
    table,
    youtube_audio,
)

__all__ = ["all_converters"]

all_converters: tuple[tuple[str, Callable[[argparse.ArgumentParser], Callable[..., Any]]], ...]
all_converters = (
    ("adult", adult.fill_subparser),
    ("binarized_mnist", binarized_mnist.fill_subparser),
    ("caltech101_silhouettes", caltech101_silhouettes.fill_subparser),
    ("celeba", celeba.fill_subparser),
    ("cifar10", cifar10.fill_subparser),
    ("cifar100", cifar100.fill_subparser),
    ("dogs_vs_cats", dogs_vs_cats.fill_subparser),
    ("ilsvrc2010", ilsvrc2010.fill_subparser),
    ("ilsvrc2012", ilsvrc2012.fill_subparser),
    ("image_folder", image_folder.fill_subparser),
    ("iris", iris.fill_subparser),
    ("mnist", mnist.fill_subparser),
    ("npz", npz.fill_subparser),
    ("repack", repack.fill_subparser),
    ("svhn", svhn.fill_subparser),
    ("table", table.fill_subparser),
    ("youtube_audio", youtube_audio.fill_subparser),
)
"""Name and `fill_subparser` of every built-in converter."""
