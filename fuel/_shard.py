"""Which part of a stream is one host's."""

from dataclasses import dataclass
from operator import index

from fuel._indices import positive

__all__ = ["WHOLE", "Shard"]


@dataclass(frozen=True)
class Shard:
    """Every `count`-th item of each epoch, from number `index` on.

    Args:
        index: which shard, 0 to `count` - 1.
        count: how many shards there are.
        even: leave out the items of a last round that has not one for each shard.

    Raises:
        TypeError: if a number is not an integer.
        ValueError: if there is no such shard.
    """

    index: int
    count: int
    even: bool = False

    def __post_init__(self) -> None:
        positive("count", self.count)
        if not 0 <= index(self.index) < self.count:
            raise ValueError(
                f"index={self.index} is none of {self.count} shards; they are numbered from 0 to "
                f"{self.count - 1}"
            )

    def whole_step(self, step: int) -> int:
        """The place in the whole epoch of the shard's item number `step`."""
        return self.index + step * self.count

    def within(self, outer: "Shard") -> "Shard":
        """The shard of the whole that is this shard of the shard `outer`.

        Raises:
            ValueError: if only one of them is `even`.
        """
        if self.even is not outer.even:
            raise ValueError(
                f"a shard with even={self.even} of one with even={outer.even} is no shard of the "
                "whole; give both the same"
            )
        return Shard(outer.whole_step(self.index), outer.count * self.count, self.even)


WHOLE = Shard(0, 1)
"""All items."""
