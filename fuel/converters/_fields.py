"""Text files of rows, a row a line, its fields between commas."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["CURE", "finite", "rows_of_fields"]

CURE = "delete it and fetch it anew"


def rows_of_fields(
    filename: str | os.PathLike[str], count: int, *, comment: str
) -> Iterator[tuple[str, list[str]]]:
    """The fields of each row, without the blanks around them, and where the row is, for errors.

    Empty lines are passed over, as are those that begin with `comment`.

    Args:
        filename: the file, of ASCII text.
        count: how many fields each row has.
        comment: what the lines begin with that are no rows.

    Raises:
        ValueError: if it is no text, or a row has another number of fields.
        OSError: if it cannot be read.
    """
    content = Path(filename).read_bytes()
    if not content.isascii():
        raise ValueError(f"{os.fspath(filename)} is damaged: it is no ASCII text; {CURE}")
    for number, line in enumerate(content.decode("ascii").split("\n"), start=1):
        if not line.strip() or line.startswith(comment):
            continue
        fields = [field.strip() for field in line.split(",")]
        where = f"{os.fspath(filename)}, line {number}"
        if len(fields) != count:
            raise ValueError(f"{where}: it has {len(fields)} fields, not {count}; {CURE}")
        yield where, fields


def finite(text: str, where: str) -> float:
    """The number that a field holds.

    Raises:
        ValueError: if it is none, or an infinite one; says where.
    """
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError(f"{where}: {text!r:.40} is no number; {CURE}") from error
    if not math.isfinite(number):
        raise ValueError(f"{where}: {text!r:.40} is not finite; {CURE}")
    return number
