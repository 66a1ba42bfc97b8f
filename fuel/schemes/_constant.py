"""Requests for a number of examples, whichever come."""

from collections.abc import Iterator

from fuel._indices import positive
from fuel._requests import ConstantRequests
from fuel.schemes._base import BatchSizeScheme

__all__ = ["ConstantScheme"]


class ConstantScheme(BatchSizeScheme):
    """The same batch size again and again.

    Args:
        batch_size: the request.
        num_examples: end when the requests add up to this; the last one may be smaller.
        times: end after so many requests. With neither, requests never end (the data may); zero of
            either gives an empty epoch.

    Raises:
        ValueError: if both limits are given, if one is negative, or if `batch_size` is not
        positive.
    """

    def __init__(
        self, batch_size: int, num_examples: int | None = None, times: int | None = None
    ) -> None:
        if num_examples is not None and times is not None:
            raise ValueError(f"give num_examples={num_examples} or times={times}, not both")
        for name, limit in (("num_examples", num_examples), ("times", times)):
            if limit is not None and limit < 0:
                raise ValueError(f"{name}={limit} must be zero or more")
        self.batch_size = positive("batch_size", batch_size)
        self.num_examples = num_examples
        self.times = times

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over equal integers."""
        if self.times is not None:
            return ConstantRequests(self.batch_size, self.times * self.batch_size)
        return ConstantRequests(self.batch_size, self.num_examples)

    def fingerprint(self) -> str:
        """Name and arguments."""
        limit = f"num_examples={self.num_examples}, times={self.times}"
        return f"{type(self).__name__}(batch_size={self.batch_size}, {limit})"
