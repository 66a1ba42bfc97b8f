"""What the columns of a table are for, and their values as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fuel.converters._table_reading import MISSING, Rows, Table

__all__ = ["Cleaner", "Roles", "Survey"]

MOST_TEXTS = 65_536


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which columns are what.

    Args:
        features: columns that become features, in the table's order.
        one_hot: those of them that hold texts.
        targets: the column of the targets.
        split: the column that says the split.
    """

    features: tuple[str, ...]
    one_hot: frozenset[str]
    targets: str | None
    split: str | None

    @classmethod
    def of(
        cls,
        tables: Mapping[str, Table],
        targets: str | None,
        one_hot: Sequence[str],
        drop: Sequence[str],
        split: str | None,
    ) -> Roles:
        """The roles in tables that have the same columns.

        Raises:
            ValueError: if they have not, a column is not there or has two roles, or no feature
                is left.
        """
        first, *others = tables.values()
        for other in others:
            if other.columns != first.columns:
                raise ValueError(
                    f"{other.path} has the columns {', '.join(other.columns)}, but {first.path} "
                    f"has {', '.join(first.columns)}; they must be the same, in this order"
                )
        named = [*([targets] if targets else []), *one_hot, *drop, *([split] if split else [])]
        for name in named:
            if name not in first.columns:
                raise ValueError(
                    f"{first.path} has no column {name!r}, only {', '.join(first.columns)}"
                )
            if named.count(name) > 1:
                raise ValueError(f"the column {name!r} is given two roles")
        rest = (targets, split, *drop)
        features = tuple(name for name in first.columns if name not in rest)
        if not features:
            raise ValueError(f"no column of {first.path} is left to be a feature")
        return cls(features=features, one_hot=frozenset(one_hot), targets=targets, split=split)

    @property
    def used(self) -> tuple[str, ...]:
        """All columns that are read."""
        return (*self.features, *(name for name in (self.targets, self.split) if name is not None))


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


class Survey:
    """What a table holds, found by looking at all of it once.

    Attributes:
        count: the number of rows.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self.count = 0
        self._texts: dict[str, set[str]] = {name: set() for name in roles.one_hot}
        self._target_texts: set[str] = set()
        self._low, self._high = np.inf, -np.inf
        self._is_number = self._is_whole = True

    def look(self, rows: Rows) -> None:
        """Take in some rows.

        Raises:
            ValueError: if a column has too many different texts.
        """
        self.count += len(rows.places)
        for name, texts in self._texts.items():
            texts.update(_as_texts(rows.columns[name]))
            _check_number(name, texts)
        if self._roles.targets is not None and rows.places:
            self._look_at_targets(rows.columns[self._roles.targets])

    @property
    def feature_names(self) -> list[str]:
        """One for each feature; those of texts are named `column=text`."""
        return [
            made
            for name in self._roles.features
            for made in (
                [f"{name}={text}" for text in sorted(self._texts[name])]
                if name in self._texts
                else [name]
            )
        ]

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """The names of the axes of the sources."""
        axes: dict[str, tuple[str, ...]] = {"features": ("batch", "feature")}
        if self._roles.targets is not None:
            axes["targets"] = ("batch", "index")
        return axes

    @property
    def class_names(self) -> list[str] | None:
        """The texts of the targets, in alphabetical order; None if they are numbers.

        Raises:
            ValueError: if there are too many.
        """
        if self._roles.targets is None or self._is_number:
            return None
        _check_number(self._roles.targets, self._target_texts)
        return sorted(self._target_texts)

    def arrays(self, rows: Rows, dtype: np.dtype[np.floating]) -> dict[str, np.ndarray]:
        """The sources `features`, `(rows, features)`, and `targets`, `(rows, 1)`, of some rows."""
        features = []
        for name in self._roles.features:
            values = rows.columns[name]
            if name in self._texts:
                texts = np.array(_as_texts(values), object)
                features += [(texts == text) for text in sorted(self._texts[name])]
            else:
                features.append(np.asarray(values))
        made = {"features": np.stack(features, axis=1).astype(dtype)}
        if self._roles.targets is not None:
            made["targets"] = self._targets(rows.columns[self._roles.targets], dtype)[:, np.newaxis]
        return made

    def splits(self, rows: Rows, default: str) -> np.ndarray:
        """For each row the name of its split."""
        if self._roles.split is None:
            return np.full(len(rows.places), default)
        return np.array(_as_texts(rows.columns[self._roles.split]))

    def _look_at_targets(self, values: np.ndarray | list[str]) -> None:
        if self._is_number:
            numbers = _numbers_or_none(values)
            if numbers is None:
                self._is_number = False
            else:
                self._is_whole &= bool((numbers == np.rint(numbers)).all())
                self._low = min(self._low, numbers.min())
                self._high = max(self._high, numbers.max())
        if len(self._target_texts) <= MOST_TEXTS:
            self._target_texts.update(_as_texts(values))

    def _targets(self, values: np.ndarray | list[str], dtype: np.dtype[np.floating]) -> np.ndarray:
        names = self.class_names
        if names is not None:
            places = {text: place for place, text in enumerate(names)}
            kind = np.uint8 if len(names) <= 256 else np.uint16
            return np.array([places[text] for text in _as_texts(values)], kind)
        numbers = np.array(values, np.float64)
        if not self._is_whole or max(abs(self._low), abs(self._high)) >= 2**53:
            return numbers.astype(dtype)
        fitting = (np.uint8, np.int32, np.int64)
        chosen = (
            kind
            for kind in fitting
            if np.iinfo(kind).min <= self._low and self._high <= np.iinfo(kind).max
        )
        return numbers.astype(next(chosen))


def _numbers(values: np.ndarray | list[str], name: str, places: Sequence[str]) -> np.ndarray:
    found = _numbers_or_none(values)
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


def _numbers_or_none(values: np.ndarray | list[str]) -> np.ndarray | None:
    try:
        return np.array(values, np.float64)
    except ValueError:
        return None


def _as_texts(values: np.ndarray | list[str]) -> list[str]:
    return values if isinstance(values, list) else [str(value) for value in values.tolist()]


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


def _check_number(name: str, texts: set[str]) -> None:
    if len(texts) > MOST_TEXTS:
        raise ValueError(
            f"column {name!r} has more than {MOST_TEXTS} different texts; leave it out with "
            f"--drop {name}"
        )
