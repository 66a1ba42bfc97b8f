"""Going back a little to find where a NaN came from."""

from collections.abc import Iterator
from typing import Any

from mainloop._feed import BatchFeed
from mainloop._protocols import Batch, State
from mainloop.algorithms.base import AbstractTrainingAlgorithm

_EVERY = 256


class Rewind:
    """A place of the run, renewed every 256 batches, from which it can be played again.

    A step gives its parameters away to the next, and its cost is looked at late, so that nothing
    waits. When a cost turns out to be NaN, the values that led to it are gone; since every batch
    and every random key is a function of the place, playing the last batches again brings them
    back exactly.
    """

    def __init__(self, algorithm: AbstractTrainingAlgorithm, feed: BatchFeed) -> None:
        self._algorithm = algorithm
        self._feed = feed
        self._left = _EVERY
        self._snapshot: Any = None
        self._stream_state: State = {}
        self._step = 0

    def remember(self) -> None:
        """Take this place for the one to go back to."""
        self._left = _EVERY
        self._snapshot = self._algorithm.snapshot()
        if self._snapshot is not None:
            self._stream_state = self._feed.state
            self._step = self._algorithm.steps_done

    def step(self) -> None:
        """Count a batch, and renew the place when it is time."""
        self._left -= 1
        if self._left == 0:
            self._algorithm.check_finite()
            self.remember()

    def explain(self) -> str | None:
        """Play all batches since that place again, and say where the first NaN appeared.

        The stream stands somewhere else afterwards: this is for a run that is over.
        """
        if self._snapshot is None:
            return None
        steps = self._algorithm.steps_done - self._step
        found = self._algorithm.explain_not_finite(self._snapshot, self._replay(steps))
        return found or (
            f"the last {steps} batches, taken again from the values after batch {self._step}, "
            "gave none: something besides the training steps, perhaps an extension, set a value"
        )

    def _replay(self, count: int) -> Iterator[Batch]:
        self._feed.load(self._stream_state)
        while count > 0:
            batch = self._feed.take()
            if batch is None:
                continue
            yield batch
            self._feed.trained()
            count -= 1
