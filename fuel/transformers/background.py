"""A stream that is iterated over in the background, without end."""

from typing import Any

from fuel._closing import Closing
from fuel.streams import AbstractDataStream
from fuel.transformers.multi_processing import MultiProcessing

__all__ = ["BackgroundProcess"]


class BackgroundProcess(Closing):
    """Iterates over a stream's epochs for ever, in a worker process.

    A stream that no other process can import is iterated over in this one, with an
    `InProcessWarning`.

    It is Fuel's name for a part of `MultiProcessing`, which is the better choice: that is a stream,
    knows its place, and can have several workers.

    Args:
        data_stream: the stream to iterate over.
        max_batches: items that are made ahead.

    Raises:
        ValueError: if `max_batches` is not positive.
    """

    def __init__(self, data_stream: AbstractDataStream, max_batches: int) -> None:
        self._stream = MultiProcessing(data_stream, max_batches)
        self._epoch: Any = None

    def main(self) -> None:
        """Start the worker, so that it is at work before the first item is asked for."""
        self._stream.peek()

    def get_next_data(self) -> Any:
        """The next item; after the last of an epoch, and before the next, the class StopIteration.

        Raises:
            WorkerError: if the item cannot be had.
        """
        if self._epoch is None:
            self._epoch = self._stream.get_epoch_iterator()
        try:
            return next(self._epoch)
        except StopIteration:
            self._epoch = None
            return StopIteration

    def close(self) -> None:
        """End the worker."""
        self._stream.close()
