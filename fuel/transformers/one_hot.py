"""Classes as vectors with a single one."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fuel._streams._context import Allocate
from fuel.config_parser import config
from fuel.streams import AbstractDataStream
from fuel.transformers.numeric import WritingTransformer

__all__ = ["OneHot"]


class OneHot(WritingTransformer):
    """Integers as vectors that are one at the integer's place and zero elsewhere.

    The vectors lie along a new last axis, `class`. A last axis of length one that is labelled
    `index`, as the classes of the built-in data sets have, gives way to it.

    Args:
        data_stream: the stream to transform.
        classes: the number of classes, which are 0 to `classes` - 1.
        which_sources: the sources to transform; default all.
        dtype: of the vectors; default the configured floatX.

    Raises:
        ValueError: if the stream does not have one of `which_sources`, or `classes` is not
            positive; on use, if there is a class beyond.
        TypeError: on use, if classes are not integers.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> list(OneHot(DataStream(IterableDataset([2, 0])), 3, dtype="int8").get_epoch_iterator())
    [(array([0, 0, 1], dtype=int8),), (array([1, 0, 0], dtype=int8),)]
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        classes: int,
        which_sources: Iterable[str] | None = None,
        *,
        dtype: DTypeLike | None = None,
        **kwargs: Any,
    ) -> None:
        if classes < 1:
            raise ValueError(f"classes={classes} must be 1 or more")
        super().__init__(data_stream, which_sources, **kwargs)
        self.classes = classes
        self.dtype = np.dtype(config.floatX if dtype is None else dtype)
        before = data_stream.axis_labels or {}
        self._replaces = {name: _is_index(before.get(name)) for name in self.which_sources}
        if self.axis_labels is not None and "axis_labels" not in kwargs:
            self.axis_labels = {**before}
            for name in self.which_sources:
                if labels := before.get(name):
                    kept = labels[:-1] if self._replaces[name] else labels
                    self.axis_labels[name] = (*kept, "class")

    def _write(self, data: Any, source: str, allocate: Allocate) -> np.ndarray:
        classes = np.asarray(data)
        if classes.dtype.kind not in "iub":
            raise TypeError(
                f"OneHot needs integers, but source {source!r} is of type {classes.dtype}; Cast it"
            )
        if self._replaces[source] and classes.shape[-1] == 1:
            classes = classes[..., 0]
        if classes.size and not 0 <= classes.min() <= classes.max() < self.classes:
            raise ValueError(
                f"source {source!r} has the classes {classes.min()} to {classes.max()}, but they "
                f"must be 0 to {self.classes - 1}; raise classes={self.classes}?"
            )
        out = allocate(source, (*classes.shape, self.classes), self.dtype)
        np.equal(classes[..., None], np.arange(self.classes), out=out, casting="unsafe")
        return out


def _is_index(labels: tuple[str, ...] | None) -> bool:
    return bool(labels) and labels is not None and labels[-1] == "index"
