"""The One Billion Word benchmark of language models."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.text import TextFile

__all__ = ["OneBillionWord"]

_PARTS = {
    "training": (
        range(1, 100),
        "training-monolingual.tokenized.shuffled",
        "news.en-{:05d}-of-00100",
    ),
    "heldout": (
        range(50),
        "heldout-monolingual.tokenized.shuffled",
        "news.en.heldout-{:05d}-of-00050",
    ),
}


class OneBillionWord(TextFile):
    """Sentences of news in English, about 0.8 billion words, shuffled; a line is a sentence.

    C. Chelba et al., "One billion word benchmark for measuring progress in statistical language
    modeling", Interspeech 2014. The archive `1-billion-word-language-modeling-benchmark-r13output`
    is to be unpacked in the data path and named `1-billion-word`; its files may be compressed, each
    with `.gz` behind its name. `Vocabulary.of_files` makes a dictionary from them.

    Args:
        which_set: `"training"` or `"heldout"`.
        which_partitions: numbers of the files to read, in this order: of 1 to 99 for training (0 is
            what was held out), of 0 to 49 for held out ones.
        dictionary: from word to number, or the path of a file that holds it.
        **kwargs: as for `TextFile`.

    Raises:
        ValueError: if there is no such set or partition, or as for `TextFile`.
        FileNotFoundError: if a file is not in the data path.
    """

    def __init__(
        self,
        which_set: str,
        which_partitions: Iterable[int],
        dictionary: Mapping[str, int] | str | os.PathLike[str],
        **kwargs: Any,
    ) -> None:
        if which_set not in _PARTS:
            raise ValueError(f"which_set={which_set!r} is none; choose one of {tuple(_PARTS)}")
        possible, folder, name = _PARTS[which_set]
        self.which_set = which_set
        self.which_partitions = list(which_partitions)
        wrong = [number for number in self.which_partitions if number not in possible]
        if wrong or not self.which_partitions:
            raise ValueError(
                f"which_partitions={self.which_partitions} must name partitions of {which_set!r}; "
                f"they are {possible[0]} to {possible[-1]}"
            )
        paths = [
            os.path.join("1-billion-word", folder, name.format(n)) for n in self.which_partitions
        ]
        super().__init__([_found(path) for path in paths], dictionary, **kwargs)


def _found(path: str) -> str:
    """The file in the data path, or failing that the same compressed."""
    try:
        return find_in_data_path(path)
    except FileNotFoundError:
        try:
            return find_in_data_path(f"{path}.gz")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error}, nor without .gz; unpack the One Billion Word archive (r13output) in the "
                "data path and name its folder 1-billion-word"
            ) from None
