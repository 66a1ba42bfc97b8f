"""Text, line by line, as numbers of words or characters."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fuel._files._text_lines import TextLines
from fuel.datasets._dataset import Dataset
from fuel.vocabulary import check_level, load_dictionary, split_line

__all__ = ["TextFile"]


class TextFile(Dataset):
    """Lines of text files; an example is the list of the numbers of a line's symbols.

    An epoch is all files, one after the other. The only source is `features`. Files whose names end
    in `.gz` are decompressed. At most one file is open, and none after an epoch's end.

    A blank line gives the markers of beginning and end alone. A stream of it takes no iteration
    scheme; `Batch` and `Padding` make batches.

    Args:
        files: paths of the files.
        dictionary: from symbol to number; or the path of a file that holds it, as `Vocabulary.load`
            reads.
        bos_token: the symbol to put before each line; None for none.
        eos_token: the symbol to put behind each line; None for none.
        unk_token: the symbol to take for those that are not in the dictionary; None to refuse them.
        level: `"word"`: what blanks separate; or `"character"`: those of the line, less blanks at
            its ends.
        preprocess: gets the whole line with its line break, and gives what to take instead.
        encoding: of the files' characters; default UTF-8.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: if a special symbol is not in the dictionary, or `level` is neither.
        TypeError: if `dictionary` is neither.
    """

    provides_sources = ("features",)
    stateless = False

    def __init__(
        self,
        files: Iterable[str | os.PathLike[str]],
        dictionary: Mapping[str, int] | str | os.PathLike[str],
        bos_token: str | None = "<S>",
        eos_token: str | None = "</S>",
        unk_token: str | None = "<UNK>",
        level: str = "word",
        preprocess: Callable[[str], str] | None = None,
        encoding: str | None = None,
    ) -> None:
        if isinstance(files, str | os.PathLike):
            raise ValueError(f"files={files!r} is one path; give a list of them: [{files!r}]")
        self.files = [os.fspath(file) for file in files]
        if missing := [file for file in self.files if not os.path.isfile(file)]:
            raise FileNotFoundError(f"there is no file {missing[0]}")
        self.dictionary = load_dictionary(dictionary)
        for name, token in (
            ("bos_token", bos_token),
            ("eos_token", eos_token),
            ("unk_token", unk_token),
        ):
            if token is not None and token not in self.dictionary:
                raise ValueError(
                    f"{name}={token!r} is not in the dictionary of {len(self.dictionary)} symbols; "
                    f"add it, or pass {name}=None"
                )
        check_level(level)
        self.bos_token = bos_token
        self.eos_token = eos_token
        self.unk_token = unk_token
        self.level = level
        self.preprocess = preprocess
        self.encoding = encoding
        super().__init__()
        self.example_iteration_scheme = None

    def open(self) -> TextLines:
        """The lines from the first on; no file is opened before a line is asked for."""
        return TextLines(self.files, self.encoding)

    def close(self, state: TextLines) -> None:
        """Close the file that is open."""
        state.close()

    def get_data(self, state: Any = None, request: Any = None) -> tuple[list[int]]:
        """The next line's numbers.

        Raises:
            ValueError: if there is a request, or no state; or if a file is damaged or of another
                encoding.
            KeyError: if a symbol is not in the dictionary, and there is no symbol for such.
            StopIteration: after the last line of the last file.
        """
        if state is None or request is not None:
            raise ValueError(
                f"text gives the next line of an opened state, but got {state!r} and the request "
                f"{request!r}; streams of it take no iteration scheme, batches are made by the "
                "transformer Batch"
            )
        line = next(state)
        if self.preprocess is not None:
            line = self.preprocess(line)
        return (self._encoded(split_line(line, self.level)),)

    def position_of(self, state: TextLines) -> dict[str, Any]:
        """Where the next line is."""
        return state.position()

    def load_position(self, state: TextLines, position: Mapping[str, Any]) -> None:
        """Go to the line where `position` was taken."""
        state.load_position(position)

    def fingerprint(self) -> str:
        """The number of files and their size, and how lines become numbers."""
        size = sum(os.path.getsize(file) for file in self.files)
        return f"{len(self.files)} text files of {size} bytes by {self.level}"

    def _encoded(self, symbols: list[str]) -> list[int]:
        numbers = self.dictionary
        encoded = [] if self.bos_token is None else [numbers[self.bos_token]]
        if self.unk_token is not None:
            unknown = numbers[self.unk_token]
            encoded += [numbers.get(symbol, unknown) for symbol in symbols]
        else:
            try:
                encoded += [numbers[symbol] for symbol in symbols]
            except KeyError as error:
                raise KeyError(
                    f"the symbol {error.args[0]!r} is not in the dictionary of {len(numbers)} "
                    "symbols, and unk_token is None"
                ) from error
        if self.eos_token is not None:
            encoded.append(numbers[self.eos_token])
        return encoded
