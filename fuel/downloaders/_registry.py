"""The data sets that `fuel-download` knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from fuel.downloaders import (
    adult,
    billion,
    binarized_mnist,
    caltech101_silhouettes,
    celeba,
    cifar10,
    cifar100,
    dogs_vs_cats,
    ilsvrc2010,
    ilsvrc2012,
    iris,
    mnist,
    svhn,
    youtube_audio,
)

__all__ = ["all_downloaders"]

all_downloaders: tuple[tuple[str, Callable[[argparse.ArgumentParser], Callable[..., None]]], ...]
all_downloaders = (
    ("adult", adult.fill_subparser),
    ("billion", billion.fill_subparser),
    ("binarized_mnist", binarized_mnist.fill_subparser),
    ("caltech101_silhouettes", caltech101_silhouettes.fill_subparser),
    ("celeba", celeba.fill_subparser),
    ("cifar10", cifar10.fill_subparser),
    ("cifar100", cifar100.fill_subparser),
    ("dogs_vs_cats", dogs_vs_cats.fill_subparser),
    ("ilsvrc2010", ilsvrc2010.fill_subparser),
    ("ilsvrc2012", ilsvrc2012.fill_subparser),
    ("iris", iris.fill_subparser),
    ("mnist", mnist.fill_subparser),
    ("svhn", svhn.fill_subparser),
    ("youtube_audio", youtube_audio.fill_subparser),
)
"""Name and `fill_subparser` of every built-in downloader."""
