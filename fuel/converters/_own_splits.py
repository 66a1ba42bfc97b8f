"""Into which splits the user's own data goes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuel.config_parser import config

__all__ = [
    "ONE_SPLIT",
    "Draw",
    "add_arguments",
    "add_files",
    "files_by_split",
    "parts_by_name",
    "refuse_two_ways",
    "split_fractions",
]

ONE_SPLIT = "train"


def split_fractions(text: str) -> dict[str, float]:
    """Names of splits and their parts of the whole, from text such as `train=0.9,test=0.1`.

    >>> split_fractions("train=3/4, test=1/4")
    {'train': 0.75, 'test': 0.25}

    Raises:
        argparse.ArgumentTypeError: if it is not of this form, or they do not sum up to 1.
    """
    parts: dict[str, float] = {}
    for piece in text.split(","):
        name, _, value = (word.strip() for word in piece.partition("="))
        above, _, below = value.partition("/")
        try:
            part = float(above) / float(below or 1)
        except (ValueError, ZeroDivisionError):
            part = math.nan
        if not name or name in parts or not 0 < part <= 1:
            raise argparse.ArgumentTypeError(
                f"{piece.strip()!r} is not a split's own name and its part of the whole; write for "
                "instance train=0.9,test=0.1"
            )
        parts[name] = part
    if abs(sum(parts.values()) - 1) > 1e-6:
        raise argparse.ArgumentTypeError(
            f"the parts in {text!r} sum up to {sum(parts.values()):g}, not to 1"
        )
    return parts


@dataclass(frozen=True)
class Draw:
    """Which split each example goes to.

    Args:
        names: of the splits.
        numbers: `(examples,)` integers, for each example the place of its split in `names`.
    """

    names: Sequence[str]
    numbers: np.ndarray

    @classmethod
    def of(
        cls,
        count: int,
        fractions: Mapping[str, float] | None,
        seed: int | None,
        *,
        otherwise: str = ONE_SPLIT,
    ) -> Draw:
        """Draw splits at random without replacement.

        The number of examples of a split is its part of the whole, rounded so that they sum up.

        Args:
            count: of examples.
            fractions: the parts of the splits; None for one split.
            seed: of the draw; `config.default_seed` if None.
            otherwise: the name of the split, if it is one.

        Raises:
            ValueError: if a split would get no example.
        """
        numbers = np.zeros(count, np.uint16)
        if fractions is None:
            return cls((otherwise,), numbers)
        stops = np.rint(np.cumsum(list(fractions.values())) * count).astype(np.int64)
        for name, size in zip(fractions, np.diff(stops, prepend=0), strict=True):
            if size == 0:
                raise ValueError(f"of {count} examples, none is left for the split {name!r}")
        seed = config.default_seed if seed is None else seed
        order = np.random.default_rng(seed).permutation(count)
        for number, (start, stop) in enumerate(zip([0, *stops[:-1]], stops, strict=True)):
            numbers[order[start:stop]] = number
        return cls(tuple(fractions), numbers)

    def parts(self, start: int, stop: int) -> Iterator[tuple[str, Any]]:
        """The splits of the examples from `start` to `stop`, each with which of these it gets."""
        if len(self.names) == 1:
            yield self.names[0], slice(None)
            return
        numbers = self.numbers[start:stop]
        for number, name in enumerate(self.names):
            chosen = numbers == number
            if chosen.any():
                yield name, chosen


def parts_by_name(names: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Splits in the order in which they come up, each with which of the examples it gets.

    Args:
        names: `(examples,)` texts, for each example the name of its split.
    """
    for name in dict.fromkeys(names.tolist()):
        yield name, names == name


def refuse_two_ways(**ways: bool) -> None:
    """See to it that the splits are given in at most one way.

    Args:
        ways: the ways by their names, and whether splits are given so.

    Raises:
        ValueError: if they are given in several.
    """
    given = [name for name, is_given in ways.items() if is_given]
    if len(given) > 1:
        raise ValueError(f"the splits are given by {' and by '.join(given)}: choose one")


def files_by_split(texts: Sequence[str]) -> dict[str, str]:
    """Paths by the names of their splits, from texts `SPLIT=PATH`, or of one file its path alone.

    Raises:
        ValueError: if a split is not named, or twice.
    """
    if len(texts) == 1 and "=" not in texts[0]:
        return {ONE_SPLIT: texts[0]}
    paths: dict[str, str] = {}
    for text in texts:
        split, _, path = text.partition("=")
        if not split or not path or split in paths:
            raise ValueError(
                f"{text!r} does not say which split it is, or another file says the same; with "
                "several files write for instance train=a.csv test=b.csv"
            )
        paths[split] = path
    return paths


def add_files(subparser: argparse.ArgumentParser, what: str) -> None:
    """Add the argument that `files_by_split` reads: paths, each of them of `what`."""
    subparser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=f"{what}, relative to --directory; several as SPLIT=FILE",
    )


def add_arguments(subparser: argparse.ArgumentParser) -> None:
    """Add the arguments about fractions."""
    subparser.add_argument(
        "--fractions",
        type=split_fractions,
        metavar="SPLIT=PART,...",
        help="draw the splits at random, for instance train=0.8,valid=0.1,test=0.1",
    )
    subparser.add_argument(
        "--seed", type=int, help="of the draw (default: the setting default_seed)"
    )
