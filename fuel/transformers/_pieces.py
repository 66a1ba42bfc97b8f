"""Transformers that give one item of their child in pieces."""

from typing import Any

from fuel.transformers._buffered import BufferedTransformer

__all__ = ["PiecesTransformer"]


class PiecesTransformer(BufferedTransformer):
    """A transformer that holds one item of its child, and counts in `_given` what was made of it.

    A subclass defines `next_item`; it sets `_given` to 0 when it lets go of the item.
    """

    _given: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._given = 0

    def start_epoch(self) -> None:
        """Hold nothing."""
        super().start_epoch()
        self._given = 0

    def own_state(self) -> dict[str, Any]:
        """Whether a child's item is held, and how many of its pieces were given."""
        return {**super().own_state(), "given": self._given if self.is_running else 0}

    def load_own_state(self, state: Any) -> None:
        """Restore what `own_state` gave."""
        super().load_own_state(state)
        self._given = state["given"]
