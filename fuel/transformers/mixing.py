"""Items drawn from several streams, each with its weight."""

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any

import numpy as np

from fuel._shuffle import philox
from fuel._streams._context import Context, Place, new_array
from fuel.config_parser import config
from fuel.streams import AbstractDataStream
from fuel.transformers._joining import JoiningStream

__all__ = ["Mixture"]

_BLOCK = 1024
"""Choices that are drawn at a time; more would only cost memory."""


class Mixture(JoiningStream):
    """Items of several streams, drawn at random with given weights.

    Which stream gives item number `step` of an epoch depends on `(seed, epoch, step)` alone.

    Args:
        data_streams: the streams, all with the same sources, and all of examples or all of batches.
        weights: for each stream, how often it is chosen relative to the others; default all alike.
        seed: what the choices depend on; default the configured one.
        go_round: what to do when a stream that is chosen has ended. False ends the epoch; each
            epoch then begins a new one in every stream. True begins the next epoch of that stream
            alone; an epoch of the mixture then goes on in the streams where the last one stopped.
        items: end an epoch after so many items; default never.

    Raises:
        ValueError: if the streams differ in sources or kind, if `weights` are not as many positive
            numbers, or if `items` is negative; on use, if a stream is to go round and is empty.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> streams = [DataStream(IterableDataset([word])) for word in ("often", "seldom")]
    >>> mixture = Mixture(streams, (3, 1), seed=0, go_round=True, items=8)
    >>> " ".join(word for (word,) in mixture.get_epoch_iterator())
    'often often seldom often often often often often'
    """

    def __init__(
        self,
        data_streams: Iterable[AbstractDataStream],
        weights: Iterable[float] | None = None,
        *,
        seed: int | None = None,
        go_round: bool = False,
        items: int | None = None,
    ) -> None:
        data_streams = tuple(data_streams)
        super().__init__(data_streams, _common_labels(data_streams))
        if len(kinds := {tuple(stream.sources) for stream in data_streams}) > 1:
            raise ValueError(
                f"streams to mix must have the same sources, and have {sorted(kinds)}; Rename and "
                "FilterSources can make them so"
            )
        self.sources = kinds.pop()
        self.weights = tuple(map(float, [1] * len(data_streams) if weights is None else weights))
        if len(self.weights) != len(data_streams) or not all(
            0 < weight < np.inf for weight in self.weights
        ):
            raise ValueError(
                f"weights={self.weights} must be {len(data_streams)} positive numbers, one for "
                "each stream"
            )
        if items is not None and items < 0:
            raise ValueError(f"items={items} must be zero or more")
        self.seed = config.default_seed if seed is None else index(seed)
        self.go_round = go_round
        self.items = items
        self.epoch = 0
        shares = np.cumsum(self.weights) / sum(self.weights)
        self._bounds = np.minimum(shares * 2.0**64, 2.0**64 - 2048)[:-1].astype(np.uint64)
        self._block: tuple[int, int] | None = None
        self._chosen: list[int] = []

    def choice(self, epoch: int, step: int) -> int:
        """Which stream gives item `step` of epoch `epoch`, both from 0."""
        block, place = divmod(step, _BLOCK)
        if self._block != (epoch, block):
            draws = philox(_PURPOSE, self.seed, epoch, block).random_raw(_BLOCK)
            self._chosen = np.searchsorted(self._bounds, draws, side="right").tolist()
            self._block = (epoch, block)
        return self._chosen[place]

    def get_data(self, request: Any = None) -> tuple[Any, ...]:
        """The next item of the stream that is chosen.

        Raises:
            ValueError: if there is a request, or if a stream is to go round and is empty.
            StopIteration: at the end of the epoch.
        """
        if request is not None:
            raise ValueError(f"Mixture takes what its streams give, not the request {request!r}")
        assert self._live is not None
        assert self.child_epoch_iterators is not None
        if self.items is not None and self._live.drawn >= self.items:
            raise StopIteration
        chosen = self.choice(self.epoch - 1, self._live.drawn)
        try:
            return tuple(next(self.child_epoch_iterators[chosen]))
        except StopIteration:
            if not self.go_round:
                raise
        self.child_epoch_iterators[chosen] = self.data_streams[chosen].get_epoch_iterator()
        try:
            return tuple(next(self.child_epoch_iterators[chosen]))
        except StopIteration:
            raise ValueError(
                f"stream {chosen} of the mixture is empty, so it cannot go round"
            ) from None

    def begin_streams(self) -> None:
        """Begin an epoch in every stream; or let them go on, if they go round."""
        self.epoch += 1
        if self.go_round and self._loaded is not None:
            self._let_streams_go_on()
        elif not self.go_round or self.child_epoch_iterators is None:
            super().begin_streams()

    def own_state(self) -> dict[str, Any]:
        """How many epochs have begun."""
        return {"epoch": self.epoch}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `own_state` gave."""
        self.epoch = state["epoch"]

    def describe(self) -> str:
        """Weights, seed, and when an epoch ends."""
        return (
            f"{super().describe()} with weights={self.weights}, seed={self.seed}, "
            f"go_round={self.go_round}, items={self.items}"
        )

    def _context(self) -> Context:
        """The item's own seed, epoch and step."""
        assert self._live is not None
        place = Place(self.seed, self.epoch - 1, self._live.drawn - 1)
        return Context(None, place, new_array)

    def _abandon_epoch(self) -> None:
        if not self.go_round:
            super()._abandon_epoch()
        elif self._loaded is not None:
            self._let_streams_go_on()

    def _let_streams_go_on(self) -> None:
        self._loaded = None
        self.child_epoch_iterators = [stream._continue_epoch() for stream in self.data_streams]


def _common_labels(
    data_streams: tuple[AbstractDataStream, ...],
) -> dict[str, tuple[str, ...] | None] | None:
    """The labels that all streams agree on."""
    tables = [stream.axis_labels for stream in data_streams]
    if any(table is None for table in tables):
        return None
    named = [{**table} for table in tables if table is not None]
    return {
        source: labels if all(table.get(source) == labels for table in named) else None
        for source, labels in (named[0] if named else {}).items()
    }


_PURPOSE = "fuel.transformers.mixing"
