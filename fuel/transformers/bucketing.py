"""Batches of examples of similar length, which need little padding."""

from collections.abc import Callable
from typing import Any

from fuel._indices import positive
from fuel._shuffle import philox, random_order
from fuel.streams import AbstractDataStream
from fuel.transformers._buffered import BufferedTransformer
from fuel.transformers.batches import as_batch, batch_labels

__all__ = ["BatchByLength"]


class BatchByLength(BufferedTransformer):
    """Collects examples into batches of similar length, which are not known beforehand.

    So many examples are read at a time, sorted by length, cut into batches, and the batches given
    in an order that depends on `(seed, epoch)` and on how often that was done. Where lengths are
    known, `BucketScheme` needs no buffer.

    Args:
        data_stream: a stream of examples.
        batch_size: examples in a batch; only the last one of an epoch's last buffer may have fewer.
        buffer_size: examples that are sorted together, a multiple of `batch_size`.
        key: gets an example as a tuple, and gives what to sort by; default the length of its first
            element.

    Raises:
        ValueError: if the stream produces batches, or `buffer_size` is no multiple of `batch_size`.
        NotImplementedError: on use, if the stream does not know the place of an item, as a
            `MultiProcessing` whose worker runs a stream as a whole; let the worker run this too.
    """

    _given: int
    _buffers: int
    _batches: list[list[int]] | None

    def __init__(
        self,
        data_stream: AbstractDataStream,
        batch_size: int,
        buffer_size: int,
        *,
        key: Callable[[tuple[Any, ...]], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not data_stream.produces_examples:
            raise ValueError(
                f"BatchByLength collects examples, but {type(data_stream).__name__} gives batches; "
                "Unpack them"
            )
        self.batch_size = positive("batch_size", batch_size)
        self.buffer_size = positive("buffer_size", buffer_size)
        if buffer_size % batch_size:
            raise ValueError(
                f"buffer_size={buffer_size} must be a multiple of batch_size={batch_size}"
            )
        kwargs.setdefault("axis_labels", batch_labels(data_stream.axis_labels))
        kwargs.setdefault("produces_examples", False)
        super().__init__(data_stream, **kwargs)
        self.key = _length_of_first if key is None else key
        self._forget()

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next batch.

        Raises:
            StopIteration: if no examples are left.
        """
        if self._given * self.batch_size >= len(self._held):
            if self._held:
                self._buffers += 1
            self.release(len(self._held))
            self._given, self._batches = 0, None
            self.fetch_until(self.buffer_size)
        if not self._held:
            raise StopIteration
        if self._batches is None:
            self._batches = self._plan()
        batch = self._batches[self._given]
        self._given += 1
        columns = zip(*(self._held[place] for place in batch), strict=True)
        return tuple(as_batch(column) for column in columns)

    def start_epoch(self) -> None:
        """Hold nothing."""
        super().start_epoch()
        self._forget()

    def own_state(self) -> dict[str, Any]:
        """How many examples are held, how many batches were given, and which buffer it is."""
        given, buffers = (self._given, self._buffers) if self.is_running else (0, 0)
        return {**super().own_state(), "given": given, "buffers": buffers}

    def load_own_state(self, state: Any) -> None:
        """Restore what `own_state` gave."""
        super().load_own_state(state)
        self._given, self._buffers, self._batches = state["given"], state["buffers"], None

    def _forget(self) -> None:
        self._given = self._buffers = 0
        self._batches = None

    def _plan(self) -> list[list[int]]:
        """For each batch of the buffer the numbers of its examples."""
        keys = list(map(self.key, self._held))
        order = sorted(range(len(keys)), key=keys.__getitem__)
        size = self.batch_size
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        _, place, _ = self.data_stream._context()
        bits = philox(_PURPOSE, place.seed, place.epoch, self._buffers)
        return [batches[number] for number in random_order(bits, len(batches))]


def _length_of_first(example: tuple[Any, ...]) -> int:
    return len(example[0])


_PURPOSE = "fuel.transformers.bucketing"
