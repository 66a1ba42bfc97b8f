"""Points on simple shapes, for plots and first experiments."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuel.config_parser import config
from fuel.datasets.indexable import IndexableDataset

__all__ = ["Spiral", "SwissRoll"]


class Spiral(IndexableDataset):
    """Points on the arms of a spiral in the plane, one arm a class.

    With t uniform in [0, cycles) and k uniform among 0 to classes - 1, a point is

        r = (2 t + 1) / 3,    x = r sin(2 pi t + 2 pi k / classes),    y = r cos(the same),

    plus noise. Sources are `features`, `(batch, 2)` float32: x and y; `position`, `(batch,)`
    float64: t; and `label`, `(batch,)` integers: k. A seed gives the same points as in Fuel.

    Args:
        num_examples: how many points.
        classes: how many arms.
        cycles: how often an arm goes around; with 1, points are at most 1 away from 0.
        noise: standard deviation of the normal noise of each coordinate.
        seed: of `numpy.random.RandomState`; `fuel.config.default_seed` if None.
        **kwargs: as for `IndexableDataset`.

    Raises:
        ValueError: if `num_examples`, `cycles` or `noise` is negative, or `classes` less than 1;
            and as for `IndexableDataset`.

    >>> dataset = Spiral(num_examples=3, classes=2)
    >>> dataset.sources
    ('features', 'position', 'label')
    """

    def __init__(
        self,
        num_examples: int = 1000,
        classes: int = 1,
        cycles: float = 1.0,
        noise: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        _check(num_examples=num_examples, cycles=cycles, noise=noise)
        if classes < 1:
            raise ValueError(f"classes={classes} must be at least 1")
        rng = np.random.RandomState(config.default_seed if seed is None else seed)
        position = rng.uniform(0, cycles, num_examples)
        label = rng.randint(0, classes, num_examples)
        radius = (2 * position + 1) / 3
        angle = 2 * np.pi * position + 2 * np.pi * label / classes
        features = _with_noise(
            [radius * np.sin(angle), radius * np.cos(angle)],
            noise * rng.normal(size=(num_examples, 2)),
        )
        data = {"features": features, "position": position, "label": label}
        super().__init__(data, **kwargs)


class SwissRoll(IndexableDataset):
    """Points on a sheet that is rolled up in space.

    With t uniform in [0, 1) and z uniform in [-1, 1), a point is

        r = (1 + 2 t) / 3,    phi = 1.5 pi (1 + 2 t),    x = r cos(phi),    y = r sin(phi),    z,

    plus noise. Sources are `features`, `(batch, 3)` float32: x, y and z; and `position`,
    `(batch, 2)` float32: t and z, the place on the sheet. A seed gives the same points as in Fuel.

    Args:
        num_examples: how many points.
        noise: standard deviation of the normal noise of each coordinate.
        seed: of `numpy.random.RandomState`; `fuel.config.default_seed` if None.
        **kwargs: as for `IndexableDataset`.

    Raises:
        ValueError: if `num_examples` or `noise` is negative; and as for `IndexableDataset`.

    >>> dataset = SwissRoll(num_examples=3)
    >>> dataset.sources
    ('features', 'position')
    """

    def __init__(
        self,
        num_examples: int = 1000,
        noise: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        _check(num_examples=num_examples, noise=noise)
        rng = np.random.RandomState(config.default_seed if seed is None else seed)
        t = rng.uniform(0, 1, num_examples)
        angle = 1.5 * np.pi * (1 + 2 * t)
        radius = (1 + 2 * t) / 3
        z = rng.uniform(-1, 1, num_examples)
        features = _with_noise(
            [radius * np.cos(angle), radius * np.sin(angle), z],
            noise * rng.normal(size=(num_examples, 3)),
        )
        position = np.stack([t, z], axis=1).astype(np.float32)
        super().__init__({"features": features, "position": position}, **kwargs)


def _check(**values: float) -> None:
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name}={value} must be at least 0")


def _with_noise(coordinates: list[Any], noise: Any) -> Any:
    """Points rounded to float32 before and after the noise is added, as Fuel does."""
    points = np.stack(coordinates, axis=1).astype(np.float32)
    points += noise
    return points
