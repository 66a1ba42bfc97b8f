"""The data sets that `fuel-convert` knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from fuel.converters import mnist

__all__ = ["all_converters"]

all_converters: tuple[tuple[str, Callable[[argparse.ArgumentParser], Callable[..., Any]]], ...]
all_converters = (("mnist", mnist.fill_subparser),)
