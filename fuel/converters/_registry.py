"""The data sets that `fuel-convert` knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from fuel.converters import (
    adult,
    binarized_mnist,
    caltech101_silhouettes,
    cifar10,
    cifar100,
    iris,
    mnist,
)

__all__ = ["all_converters"]

all_converters: tuple[tuple[str, Callable[[argparse.ArgumentParser], Callable[..., Any]]], ...]
all_converters = (
    ("adult", adult.fill_subparser),
    ("binarized_mnist", binarized_mnist.fill_subparser),
    ("caltech101_silhouettes", caltech101_silhouettes.fill_subparser),
    ("cifar10", cifar10.fill_subparser),
    ("cifar100", cifar100.fill_subparser),
    ("iris", iris.fill_subparser),
    ("mnist", mnist.fill_subparser),
)
