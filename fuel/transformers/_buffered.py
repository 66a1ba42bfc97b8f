"""Transformers that hold items of their child, and read them again to resume."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from fuel._streams._context import Context
from fuel.transformers.base import Transformer

__all__ = ["BufferedTransformer"]


class BufferedTransformer(Transformer):
    """A transformer whose items are made of some held items of its child.

    Items that are held are not part of the state. It is the child's place before the first of them,
    and how many there are: going on from it reads them again. With each new epoch they are
    forgotten.

    A subclass defines `next_item`, which takes what it needs with `fetch` and lets go of it with
    `release`, the first item first. What else it must know to go on is in `own_state`.
    """

    stateless = False
    _held: list[Any]
    _places: list[dict[str, Any] | None]
    _unread: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hold_nothing()

    @abstractmethod
    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next item; StopIteration if there is none."""

    def get_data(self, request: Any = None) -> tuple[Any, ...]:
        """The next item.

        Raises:
            ValueError: if there is a request, and no scheme.
            StopIteration: at the end of the epoch.
        """
        if request is not None and self.iteration_scheme is None:
            raise ValueError(
                f"{type(self).__name__} takes what its child gives, not the request {request!r}"
            )
        return self.next_item(request)

    def fetch(self) -> Any:
        """The child's next item, which is held until it is released.

        Raises:
            StopIteration: if there is none.
        """
        assert self.child_epoch_iterator is not None
        place = self._place_of_child()
        item = next(self.child_epoch_iterator)
        self._held.append(item)
        self._places.append(place)
        return item

    def fetch_until(self, count: int) -> None:
        """Hold `count` items, or all that are left; to be released together."""
        assert self.child_epoch_iterator is not None
        while len(self._held) < count:
            place = None if self._held else self._place_of_child()
            try:
                item = next(self.child_epoch_iterator)
            except StopIteration:
                return
            self._held.append(item)
            self._places.append(place)

    def release(self, count: int = 1) -> None:
        """Let go of the first `count` of the held items."""
        del self._held[:count], self._places[:count]

    @property
    def is_running(self) -> bool:
        """Whether the stream is inside an epoch."""
        return self._live is not None and not self._live.finished

    def start_epoch(self) -> None:
        """Hold nothing."""
        self._hold_nothing()

    def own_state(self) -> dict[str, Any]:
        """How many items are held."""
        return {**super().own_state(), "held": len(self._held) if self.is_running else 0}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        """Read as many items once the child goes on."""
        super().load_own_state(state)
        self._hold_nothing()
        self._unread = state["held"]

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what is held; the place before it instead."""
        return {**super().__getstate__(), "_held": [], "_places": [], "_unread": 0}

    def _hold_nothing(self) -> None:
        self._held, self._places, self._unread = [], [], 0

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        iterator = super()._continue_epoch(as_dict)
        self._read_again()
        return iterator

    def _abandon_epoch(self) -> None:
        if self._loaded is not None and self._loaded["in_epoch"]:
            self._continue_epoch()  # a child that keeps something has seen the held items
            self._supersede()
        super()._abandon_epoch()

    def _read_again(self) -> None:
        """Hold as many items as before; those that failed then are not among them."""
        failure: Exception | None = None
        while self._unread:
            try:
                self.fetch()
                self._unread -= 1
            except StopIteration:
                raise RuntimeError(
                    f"{type(self).__name__} cannot read {self._unread} of the items again that it "
                    "held when its place was saved"
                ) from failure
            except Exception as error:
                failure = error

    def _place_of_child(self) -> dict[str, Any] | None:
        try:
            return self.data_stream.state_dict()
        except NotImplementedError:  # a stream of the user's that does not count can still be read
            return None

    def _child_state(self) -> dict[str, Any]:
        first = self._places[0] if self._places and self.is_running else None
        return self.data_stream.state_dict() if first is None else first

    def _context(self) -> Context:
        """An item's place is its own step, since several may be made of one item of the child."""
        context = self.data_stream._context()
        assert self._live is not None
        step = self._live.drawn - 1
        return context._replace(request=None, place=context.place._replace(step=step))
