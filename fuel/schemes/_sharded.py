"""One host's part of the requests of a scheme."""

from collections.abc import Iterator, Mapping
from typing import Any

from fuel._requests import ShardRequests
from fuel._shard import Shard
from fuel.schemes._base import IterationScheme

__all__ = ["ShardedScheme"]


class ShardedScheme(IterationScheme):
    """Every `count`-th request of each epoch of a scheme, from number `index` on.

    `stream.shard` makes one. Its state is that of the whole scheme, so that between epochs a run
    may go on with another number of shards.

    Args:
        scheme: makes all the requests; each shard has one of its own, made alike.
        index: which shard, 0 to `count` - 1.
        count: how many shards there are.
        even: leave out the requests of a last round that has not one for each shard, so that all
            shards have equally many.

    Raises:
        TypeError: if a number is not an integer.
        ValueError: if there is no such shard; or if `scheme` is a shard with another `even`.

    >>> from fuel.schemes import SequentialScheme
    >>> list(ShardedScheme(SequentialScheme(9, 2), 1, 2).get_request_iterator())
    [[2, 3], [6, 7]]
    """

    def __init__(
        self, scheme: IterationScheme, index: int, count: int, *, even: bool = False
    ) -> None:
        shard = Shard(index, count, even)
        if isinstance(scheme, ShardedScheme):
            shard, scheme = shard.within(scheme.shard), scheme.scheme
        self.scheme: IterationScheme = scheme
        self.shard = shard
        self.seed = scheme.seed
        self.requests_examples = scheme.requests_examples

    def get_request_iterator(self) -> Iterator[Any]:
        """Begin the next epoch: an iterator over the shard's requests."""
        return ShardRequests(self.scheme.get_request_iterator(), self.shard)

    def state_dict(self) -> dict[str, Any]:
        """The state of the whole scheme."""
        return self.scheme.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        self.scheme.load_state_dict(state)

    def fingerprint(self) -> str:
        """That of the whole scheme."""
        return self.scheme.fingerprint()
