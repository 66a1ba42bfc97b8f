"""The book-keeping of a peek."""

from dataclasses import dataclass
from typing import Any

from fuel.iterator import DataIterator

__all__ = ["Peeked"]


@dataclass
class Peeked:
    """An item that was fetched to be looked at, and the place before it.

    Attributes:
        iterator: the epoch iterator that holds the item.
        before: the place, while the end of the previous epoch has not been seen.
        after: the place once it has.
        previous: the iterator of the epoch before, if the peek went beyond its end.
        began_epoch: whether `iterator` was made for the peek.
        handed_out: whether `iterator` is in the user's hands.
    """

    iterator: DataIterator
    before: dict[str, Any]
    after: dict[str, Any]
    previous: DataIterator | None
    began_epoch: bool = False
    handed_out: bool = False

    def holds(self) -> bool:
        """Whether the item is still to be delivered."""
        return self.iterator.held is not None

    def state(self) -> dict[str, Any]:
        """The place before the item."""
        unseen = self.previous is not None and not self.previous.end_seen
        return self.before if unseen and not self.handed_out else self.after
