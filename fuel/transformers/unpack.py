"""Single examples made of batches."""

from typing import Any

from fuel.streams import AbstractDataStream
from fuel.transformers._pieces import PiecesTransformer

__all__ = ["Unpack"]


class Unpack(PiecesTransformer):
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
