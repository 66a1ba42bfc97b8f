"""Transformers that give items of their child in pieces."""

from typing import Any, ClassVar

from fuel.transformers._buffered import BufferedTransformer

__all__ = ["PiecesTransformer"]


class PiecesTransformer(BufferedTransformer):
    """A transformer that counts in `_given` how much it gave of the first item that it holds.

    A subclass defines `next_item`; it sets `_given` to 0 when it lets go of the item.
    """

    _count_name: ClassVar[str] = "given"
    """What the state calls the count."""
    _given: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._given = 0

    def start_epoch(self) -> None:
        """Hold nothing."""
        super().start_epoch()
        self._given = 0

    def own_state(self) -> dict[str, Any]:
        """How many of the child's items are held, and how much of the first was given."""
        return {**super().own_state(), self._count_name: self._given if self.is_running else 0}

    def load_own_state(self, state: Any) -> None:
        """Restore what `own_state` gave."""
        super().load_own_state(state)
        self._given = state[self._count_name]
