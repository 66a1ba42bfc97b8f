"""What the columns of a table are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fuel.converters._table_reading import Table

__all__ = ["Roles"]


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
