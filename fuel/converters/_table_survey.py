"""What a table holds, and its values as arrays."""

from __future__ import annotations

import numpy as np

from fuel.converters._table_cleaning import numbers_or_none
from fuel.converters._table_reading import Rows
from fuel.converters._table_roles import Roles

__all__ = ["Survey"]

MOST_TEXTS = 65_536


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
            _check_not_too_many(name, texts)
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
        _check_not_too_many(self._roles.targets, self._target_texts)
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
            numbers = numbers_or_none(values)
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


def _as_texts(values: np.ndarray | list[str]) -> list[str]:
    return values if isinstance(values, list) else [str(value) for value in values.tolist()]


def _check_not_too_many(name: str, texts: set[str]) -> None:
    if len(texts) > MOST_TEXTS:
        raise ValueError(
            f"column {name!r} has more than {MOST_TEXTS} different texts; leave it out with "
            f"--drop {name}"
        )
