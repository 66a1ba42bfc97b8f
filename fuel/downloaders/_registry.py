"""The data sets that `fuel-download` knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from fuel.downloaders import mnist

__all__ = ["all_downloaders"]

all_downloaders: tuple[tuple[str, Callable[[argparse.ArgumentParser], Callable[..., None]]], ...]
all_downloaders = (("mnist", mnist.fill_subparser),)
