"""Vocabularies: which words or characters a text data set knows, and by which numbers.

>>> vocabulary = Vocabulary.of_lines(["to be or not to be", "to do"], special_tokens=["<UNK>"])
>>> vocabulary.tokens
('<UNK>', 'to', 'be', 'do', 'not', 'or')
>>> vocabulary.encode(["to", "err"], unk_token="<UNK>")
[1, 0]
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fuel._files._publish import publish
from fuel._files._text_lines import TextLines, open_text

__all__ = ["LEVELS", "SPECIAL_TOKENS", "Vocabulary", "load_dictionary", "split_line"]

SPECIAL_TOKENS = ("<UNK>", "<S>", "</S>")
"""What `TextFile` by default puts for unknown symbols, and at beginning and end of a line."""

LEVELS = ("word", "character")
"""What a token may be."""


class Vocabulary(Mapping[str, int]):
    """Tokens and their numbers, as a dictionary from token to number.

    Args:
        tokens: words or characters, each once; the first has number 0.
        counts: how often each occurred in the text it was made from, if that is known; 0 for
            special ones that did not come from it.

    Attributes:
        tokens: the tokens in the order of their numbers.
        counts: their counts, or None.

    Raises:
        ValueError: if a token occurs twice, or there are not as many counts as tokens.
    """

    def __init__(self, tokens: Iterable[str], counts: Iterable[int] | None = None) -> None:
        self.tokens = tuple(tokens)
        self.counts = None if counts is None else tuple(counts)
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        if len(self._numbers) != len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise ValueError(f"the token {twice!r} occurs twice in a vocabulary; name each once")
        if self.counts is not None and len(self.counts) != len(self.tokens):
            raise ValueError(f"{len(self.counts)} counts were given for {len(self.tokens)} tokens")

    @classmethod
    def of_lines(
        cls,
        lines: Iterable[str],
        size: int | None = None,
        *,
        level: str = "word",
        preprocess: Callable[[str], str] | None = None,
        special_tokens: Sequence[str] = SPECIAL_TOKENS,
        min_count: int = 1,
    ) -> "Vocabulary":
        """The most frequent words or characters of a text.

        Args:
            lines: lines of text.
            size: how many tokens to have at most, the special ones among them; default all.
            level: `"word"`, what blanks separate, or `"character"`.
            preprocess: gets a line, and gives what to count of it.
            special_tokens: they get the first numbers, whether or not they occur in the text.
            min_count: how often a token must occur to be taken.

        Returns:
            The special tokens, then the others, the most frequent first, and of those equally
            frequent the first in the order of Unicode.

        Raises:
            ValueError: if `level` is neither, or `size` has no room for the special tokens.
        """
        if size is not None and size < len(special_tokens):
            raise ValueError(
                f"size={size} has no room for the {len(special_tokens)} special tokens "
                f"{tuple(special_tokens)}"
            )
        found: Counter[str] = Counter()
        check_level(level)
        for line in lines:
            found.update(split_line(line if preprocess is None else preprocess(line), level))
        special = [(token, found.pop(token, 0)) for token in special_tokens]
        taken = [pair for pair in found.items() if pair[1] >= min_count]
        taken.sort(key=lambda pair: (-pair[1], pair[0]))
        room = None if size is None else size - len(special)
        pairs = special + taken[:room]
        return cls([token for token, _ in pairs], [count for _, count in pairs])

    @classmethod
    def of_files(
        cls,
        files: Iterable[str | os.PathLike[str]],
        size: int | None = None,
        *,
        encoding: str | None = None,
        **kwargs: Any,
    ) -> "Vocabulary":
        """The most frequent words or characters of text files, compressed (`.gz`) or not.

        They are read line by line: what is kept in memory are the tokens that occur.

        Args:
            files: the files; or one file.
            size: how many tokens to have at most, the special ones among them; default all.
            encoding: of the files' characters; default UTF-8.
            **kwargs: `level`, `preprocess`, `special_tokens` and `min_count` as for `of_lines`.

        Raises:
            ValueError: as `of_lines`, or if a file is damaged or in another encoding.
        """
        named = [files] if isinstance(files, str | os.PathLike) else files
        lines = TextLines([os.fspath(file) for file in named], encoding)
        try:
            return cls.of_lines(lines, size, **kwargs)
        finally:
            lines.close()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Vocabulary":
        """The vocabulary that a file holds.

        Args:
            path: if it ends in `.json`, what `save` wrote, or a list of tokens, or a dictionary
                from each token to its number; else a text in UTF-8 with one token in each line.
                With `.gz` behind, the same compressed.

        Raises:
            ValueError: if it is something else.
        """
        name = os.fspath(path)
        with open_text(name) as file:
            if not name.removesuffix(".gz").endswith(".json"):
                return cls(line.removesuffix("\n") for line in file)
            try:
                content = json.load(file)
            except ValueError as error:
                raise ValueError(f"{name} is no JSON file: {error}") from error
        return cls(*_parsed(content, name))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary to a file, which is there whole or not at all.

        Args:
            path: if it ends in `.json`, tokens and counts are written as JSON; else the tokens, one
                in each line, as UTF-8.

        Raises:
            ValueError: if a token holds a line break, and the file is to be a text.
        """
        target = Path(path)
        if target.suffix == ".json":
            content: dict[str, Any] = {"tokens": self.tokens}
            if self.counts is not None:
                content["counts"] = self.counts
            text = json.dumps(content, ensure_ascii=False, indent=0)
        else:
            if broken := [token for token in self.tokens if {"\n", "\r"} & set(token)]:
                raise ValueError(
                    f"the token {broken[0]!r} holds a line break, and so does not fit in a line; "
                    "save the vocabulary to a file whose name ends in .json"
                )
            text = "".join(f"{token}\n" for token in self.tokens)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            publish(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def encode(self, tokens: Iterable[str], unk_token: str | None = None) -> list[int]:
        """The numbers of tokens.

        Args:
            tokens: what to encode.
            unk_token: whose number to give for unknown ones.

        Raises:
            KeyError: if a token is unknown and `unk_token` is None.
        """
        numbers = self._numbers
        if unk_token is None:
            return [numbers[token] for token in tokens]
        unknown = numbers[unk_token]
        return [numbers.get(token, unknown) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of numbers.

        Raises:
            IndexError: if there is no token of a number.
        """
        decoded = []
        for number in numbers:
            if not 0 <= number < len(self.tokens):
                raise IndexError(
                    f"there is no token of number {number} among the {len(self.tokens)}"
                )
            decoded.append(self.tokens[number])
        return decoded

    def __getitem__(self, token: str) -> int:
        return self._numbers[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.tokens[:4]))
        return f"Vocabulary({len(self)} tokens: {shown}{', ...' if len(self) > 4 else ''})"


def check_level(level: str) -> None:
    """Refuse what is not one of the levels on which lines are split into tokens.

    Raises:
        ValueError: if it is none.
    """
    if level not in LEVELS:
        raise ValueError(f"level={level!r} is none; choose one of {LEVELS}")


def split_line(line: str, level: str) -> list[str]:
    """The words of a line, or its characters without blanks at the ends."""
    return line.split() if level == "word" else list(line.strip())


def load_dictionary(
    dictionary: Mapping[str, int] | str | os.PathLike[str],
) -> Mapping[str, int]:
    """A dictionary from token to number, given itself or as the path of a vocabulary's file."""
    if isinstance(dictionary, Mapping):
        return dictionary
    if isinstance(dictionary, str | os.PathLike):
        return Vocabulary.load(dictionary)
    raise TypeError(
        f"dictionary={dictionary!r:.80} is neither a dictionary from token to number nor the path "
        "of a file that holds one"
    )


def _parsed(content: Any, name: str) -> tuple[list[str], list[int] | None]:
    """Tokens and counts of a file of JSON."""
    counts = None
    if isinstance(content, dict) and isinstance(content.get("tokens"), list):
        counts = content.get("counts")
        content = content["tokens"]
    elif isinstance(content, dict):
        numbers = [number for number in content.values() if type(number) is int]
        if sorted(numbers) != list(range(len(content))):
            raise ValueError(f"the numbers in {name} are not 0 to {len(content) - 1}, each once")
        content = sorted(content, key=content.__getitem__)
    if not isinstance(content, list) or not all(isinstance(token, str) for token in content):
        raise ValueError(
            f"{name} holds no vocabulary: it must be a list of tokens, or a dictionary from token "
            "to number"
        )
    if counts is not None and not (
        isinstance(counts, list) and all(type(count) is int for count in counts)
    ):
        raise ValueError(f"the counts in {name} are no list of integers")
    return content, counts
