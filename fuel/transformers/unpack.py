"""Single examples made of batches."""

from typing import Any

from fuel.streams import AbstractDataStream
from fuel.transformers._buffered import BufferedTransformer

__all__ = ["Unpack"]


class Unpack(BufferedTransformer):
    """The examples of batches, one after the other.

    Args:
        data_stream: a stream of batches.

    Raises:
        ValueError: if the stream produces examples.
    """

    def __init__(self, data_stream: AbstractDataStream, **kwargs: Any) -> None:
        if data_stream.produces_examples:
            raise ValueError(
                f"Unpack takes batches apart, but {type(data_stream).__name__} produces examples "
                "already"
            )
        if data_stream.axis_labels is not None:
            kwargs.setdefault(
                "axis_labels",
                {
                    source: labels and tuple(labels[1:])
                    for source, labels in data_stream.axis_labels.items()
                },
            )
        kwargs.setdefault("produces_examples", True)
        super().__init__(data_stream, **kwargs)
        self._given = 0

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next example.

        Raises:
            ValueError: if the sources of a batch have different lengths.
            StopIteration: if there is none.
        """
        while not self._held or self._given >= len(self._held[0][0]):
            self.release()
            self._given = 0
            batch = self.fetch()
            if len(lengths := {len(part) for part in batch}) > 1:
                self.release()
                raise ValueError(
                    f"the sources {tuple(self.sources)} of a batch have the lengths "
                    f"{[len(part) for part in batch]}, so it has no single examples"
                )
            if lengths == {0} or not lengths:
                self.release()
        number, self._given = self._given, self._given + 1
        return tuple([part[number] for part in self._held[0]])

    def start_epoch(self) -> None:
        """Hold nothing."""
        super().start_epoch()
        self._given = 0

    def own_state(self) -> dict[str, Any]:
        """Whether a batch is held, and how many of its examples were given."""
        return {**super().own_state(), "given": self._given if self.is_running else 0}

    def load_own_state(self, state: Any) -> None:
        """Restore what `own_state` gave."""
        super().load_own_state(state)
        self._given = state["given"]
