"""Rows of a fixed length that are filled with sequences by first fit."""

__all__ = ["Rows"]


class Rows:
    """Rows that are filled by first fit.

    Args:
        row_length: elements in a row.
        limit: how many rows may be begun; None for any number.

    Attributes:
        filled: for each row that is begun the numbers of its sequences.
    """

    def __init__(self, row_length: int, limit: int | None) -> None:
        self.filled: list[list[int]] = []
        self._row_length = row_length
        self._limit = limit
        self._room: list[int] = []
        self._most = row_length

    def add(self, number: int, length: int) -> bool:
        """Put a sequence into the first row with room for it; say whether there is one."""
        if length > self._most:
            return False
        fitting = (row for row, room in enumerate(self._room) if length <= room)
        row = next(fitting, len(self._room))
        if row == len(self._room):
            self._room.append(self._row_length)
            self.filled.append([])
        self._room[row] -= length
        self.filled[row].append(number)
        if len(self._room) == self._limit:
            self._most = max(self._room)
        return True
