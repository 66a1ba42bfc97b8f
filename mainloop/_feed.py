"""Batches fetched one ahead of training, each with the place of the stream behind it."""

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

from mainloop._protocols import Batch, State, StreamLike


class BatchFeed:
    """The batches of a stream, one fetched ahead, and where the stream stood after each.

    The stream runs ahead of training; `state` is that of the last batch *trained*, so that a run
    that goes on from it misses no batch and sees none twice.

    Args:
        stream: where the batches come from.
        prepare: applied to every batch as soon as it is fetched, for instance to send it to the
            device while the batch before is being trained on.
    """

    def __init__(self, stream: StreamLike, prepare: Callable[[Batch], Batch]) -> None:
        self.stream = stream
        self.seconds = 0.0
        self._prepare = prepare
        self._iterator: Iterator[Batch] | None = None
        self._ahead: Batch | Exception | None = None
        self._state: State | None = None
        self._state_ahead: State | None = None
        self._resumed = False
        # Whether a batch was taken, or failed to come, that was not trained on.
        self._is_astray = False

    @property
    def state(self) -> State:
        """Where the stream stood after the last batch that was trained."""
        return self.stream.state_dict() if self._state is None else self._state

    def load(self, state: Mapping[str, Any]) -> None:
        """Forget what was fetched and stand where `state` was taken."""
        self.stream.load_state_dict(state)
        self._iterator = self._ahead = None
        self._state = dict(state)
        self._resumed = True
        self._is_astray = False

    def begin_epoch(self) -> bool:
        """Start the next epoch; False if the stream has none left."""
        if not self._open():
            return False
        if self._resumed and self._ahead is None:
            # The stream stood behind the last batch of an epoch that it had not yet seen the end
            # of, and has just done so.
            return self._open()
        return True

    def take(self) -> Batch | None:
        """Return the next batch of the epoch, None at its end.

        Right after `load` this goes on within the epoch that the stream was in. A batch that was
        taken, or that could not be made, and was not trained on comes again.
        """
        if self._is_astray and self._state is not None:
            self.load(self._state)
        if self._iterator is None and not self._open():
            return None
        batch, self._ahead = self._ahead, None
        self._is_astray = batch is not None
        if isinstance(batch, Exception):
            raise batch
        if batch is None:
            self._iterator = None
            self._state = self._state_ahead
        return batch

    def trained(self) -> None:
        """Note that the batch taken last was trained on, and fetch the one after it."""
        self._state = self._state_ahead
        self._resumed = False
        self._is_astray = True
        self._fetch()
        self._is_astray = False

    def _open(self) -> bool:
        """Ask the stream for an epoch and fetch its first batch; False if there is no epoch."""
        self._state = self.state
        try:
            self._iterator = self.stream.get_epoch_iterator(as_dict=True)
        except StopIteration:
            return False
        self._fetch()
        return True

    def _fetch(self) -> None:
        """Fetch a batch; what goes wrong is kept until the batch is asked for."""
        assert self._iterator is not None
        started = perf_counter()
        try:
            batch = next(self._iterator, None)
            self._state_ahead = self.stream.state_dict()
            self._ahead = None if batch is None else self._prepare(batch)
        except Exception as error:
            self._ahead = error
        self.seconds += perf_counter() - started
