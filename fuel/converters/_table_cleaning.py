"""Rows of a table with numbers for texts, and what is done about missing values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fuel.converters._table_reading import MISSING, Rows, Table
from fuel.converters._table_roles import Roles

__all__ = ["Cleaner", "numbers_or_none"]


class Cleaner:
    """Reads the rows of tables, and does with missing values as told.

    Args:
        roles: of the columns.
        missing: `refuse`, `drop` or `nan`.
    """

    def __init__(self, roles: Roles, missing: str) -> None:
        self._roles = roles
        self._missing = missing

    def read(self, table: Table) -> Iterator[Rows]:
        """The rows of a table; features that are numbers come as arrays of floats.

        Raises:
            ValueError: if a value is missing and may not, or is no number; with its place.
        """
        for rows in table.read(self._roles.used):
            columns: dict[str, np.ndarray | list[str]] = {}
            lacking = np.zeros(len(rows.places), bool)
            for name, values in rows.columns.items():
                is_number = name in self._roles.features and name not in self._roles.one_hot
                columns[name] = _numbers(values, name, rows.places) if is_number else values
                absent = _absent(columns[name])
                if absent.any() and self._missing != "drop":
                    self._check(name, rows.places[int(absent.argmax())], is_number)
                lacking |= absent
            if self._missing == "drop" and lacking.any():
                yield _without(rows.places, columns, lacking)
            else:
                yield Rows(places=rows.places, columns=columns)

    def _check(self, name: str, place: str, is_number: bool) -> None:
        if self._missing == "refuse" or not is_number:
            nan = " or write NaN with --missing nan" if is_number else ""
            raise ValueError(
                f"{place}: column {name!r} has no value; leave such rows out with --missing drop"
                f"{nan}"
            )


def _numbers(values: np.ndarray | list[str], name: str, places: Sequence[str]) -> np.ndarray:
    found = numbers_or_none(values)
    if found is not None:
        return found
    numbers = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            numbers[row] = np.nan if value in MISSING else float(value)
        except ValueError as error:
            raise ValueError(
                f"{places[row]}: column {name!r} has {value!r}, which is no number; if it is the "
                f"target, say --targets {name}; else say --one-hot {name} or --drop {name}"
            ) from error
    return numbers


def numbers_or_none(values: np.ndarray | list[str]) -> np.ndarray | None:
    """The values as floats, if all of them are numbers."""
    try:
        return np.array(values, np.float64)
    except ValueError:
        return None


def _absent(values: np.ndarray | list[str]) -> np.ndarray:
    if isinstance(values, list):
        return np.array([value in MISSING for value in values], bool)
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)


def _without(
    places: Sequence[str], columns: Mapping[str, np.ndarray | list[str]], lacking: np.ndarray
) -> Rows:
    kept = np.flatnonzero(~lacking).tolist()
    return Rows(
        places=[places[row] for row in kept],
        columns={
            name: [values[row] for row in kept] if isinstance(values, list) else values[kept]
            for name, values in columns.items()
        },
    )
