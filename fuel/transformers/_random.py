"""What transformers that draw at random have in common."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from fuel._streams._abstract_stream import PartOfStream
from fuel._streams._context import Allocate, Context, new_array
from fuel._streams._pending import as_array
from fuel.streams import AbstractDataStream
from fuel.transformers._draws import Draws, GivenDraws, NumPyGenerator, PlacedDraws
from fuel.transformers._joining import JoiningStream
from fuel.transformers.base import Transformer
from fuel.transformers.sourcewise import SourcewiseTransformer

__all__ = ["RandomTransformer", "checked_probability", "in_object_array"]


class RandomTransformer(SourcewiseTransformer):
    """A transformer that does something random to each of some sources.

    What is drawn for an item depends on the stream's seed, the epoch, the item's number in it, and
    on which random transformer of the chain this is, counted from the data set: so any process can
    do it, and a resumed stream goes on with the same draws. With a generator given in `rng`, draws
    are taken from that instead, one item after the other, and its state is part of the stream's.

    Each source has draws of its own. Called by hand, outside of a stream, `transform_source_batch`
    and `transform_source_example` go on with the numbers of the last item.

    Args:
        data_stream: the stream to transform.
        which_sources: the sources to transform; default all.
        rng: a generator to draw from; default none.

    Raises:
        TypeError: if `rng` is no generator of NumPy's.
        ValueError: if the stream does not have one of `which_sources`.
    """

    uses_place = True

    def __init__(
        self,
        data_stream: AbstractDataStream,
        which_sources: Iterable[str] | None = None,
        *,
        rng: NumPyGenerator | None = None,
        **kwargs: Any,
    ) -> None:
        if rng is not None and not isinstance(rng, NumPyGenerator):
            raise TypeError(
                f"rng={rng!r} is no random generator; pass numpy.random.RandomState(seed) or "
                "numpy.random.default_rng(seed), or nothing"
            )
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, which_sources=which_sources, **kwargs)
        self.rng = rng
        self.uses_place = rng is None
        self._placed = PlacedDraws(type(self).__name__, _random_ones(data_stream))
        self._draws: Draws = self._placed if rng is None else GivenDraws(rng)
        self._fresh: frozenset[str] = frozenset()
        if isinstance(data_stream, RandomTransformer):
            self._fresh = frozenset(data_stream.which_sources)

    def apply(self, data: Any, context: Context) -> Any:
        """What becomes of an item at its place."""
        self._move_to(context)
        which, allocate = self.which_sources, context.allocate
        return tuple(
            [
                self._transformed(part, name, allocate) if name in which else as_array(part, name)
                for name, part in zip(self.sources, data, strict=True)
            ]
        )

    def transform_source_example(self, source_example: Any, source_name: str) -> Any:
        """What becomes of one example of one source."""
        return self._transform_one(source_example, source_name, new_array)

    def transform_source_batch(self, source_batch: Any, source_name: str) -> Any:
        """What becomes of a batch of one source."""
        return self._transform_many(source_batch, source_name, new_array)

    def _move_to(self, context: Context) -> None:
        """Draw what belongs to an item from now on, unless a generator was given."""
        if self.uses_place:
            self._placed.move_to(context.place)

    @abstractmethod
    def _transform_one(self, example: Any, source: str, allocate: Allocate) -> Any:
        """What becomes of one example, in an array made by `allocate` if it is a new one."""

    @abstractmethod
    def _transform_many(self, batch: Any, source: str, allocate: Allocate) -> Any:
        """What becomes of a batch, in an array made by `allocate` if it is a new one."""

    def _transform_fresh(self, batch: Any, source: str, allocate: Allocate) -> Any:
        """As `_transform_many`, of a batch that a random transformer made and nobody else holds."""
        return self._transform_many(batch, source, allocate)

    def _transformed(self, part: Any, source: str, allocate: Allocate) -> Any:
        if self.produces_examples:
            return self._transform_one(part, source, allocate)
        if source in self._fresh:
            return self._transform_fresh(part, source, allocate)
        return self._transform_many(part, source, allocate)

    def _context(self) -> Context:
        """The context of the last item; its step is that of the nearest child that counts items.

        A child that makes more or fewer items than it takes counts its own, and the data set's step
        would be one and the same for several of them.
        """
        context = super()._context()
        child = self.data_stream
        while isinstance(child, Transformer):
            if not child._adds_nothing() and child.epoch_iterator is not None:
                step = child.epoch_iterator.drawn - 1
                return context._replace(place=context.place._replace(step=step))
            child = child.data_stream
        return context


def checked_probability(name: str, value: float) -> float:
    """`value`, if it is a probability.

    Raises:
        ValueError: if it is not from 0 to 1.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name}={value} is no probability; choose 0 to 1")
    return float(value)


def in_object_array(parts: list[Any]) -> np.ndarray:
    """A one-dimensional array of objects."""
    out = np.empty(len(parts), dtype=object)
    for index, part in enumerate(parts):
        out[index] = part
    return out


def _random_ones(stream: AbstractDataStream) -> int:
    """How many random transformers an item goes through at most in a stream."""
    if isinstance(stream, JoiningStream):
        return max(map(_random_ones, stream.data_streams))
    if isinstance(stream, Transformer | PartOfStream):
        return isinstance(stream, RandomTransformer) + _random_ones(stream.data_stream)
    return 0
