"""Epoch after epoch of a stream that a server runs, from the place of what was delivered.

The server sends the stream's place along with each item, so the client knows where it is however
far the server is ahead. Whatever happens to either, the client asks for what comes next there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fuel._codec import CodecError
from fuel._serving._connection import Connection
from fuel._serving._error import ServerError
from fuel._serving._message import Message
from fuel._shard import Shard
from fuel._streams._context import Context, Place, new_array
from fuel._workers._result import EncodedState
from fuel.exceptions import StateMismatchError

_REPLIES = ("begin", "item", "end", "error", "place")


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """What a server says about its stream."""

    sources: tuple[str, ...]
    produces_examples: bool
    axis_labels: dict[str, tuple[str, ...] | None] | None
    state: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a client wants of a server at each start: its shard of the stream, and its limits."""

    shard: Shard
    hwm: int
    max_bytes: int


class ServedEpochs:
    """Epochs of a served stream.

    Args:
        connection: to the server.
        wishes: what to ask for.
        state: the place to begin at; None for where the server's stream is.
    """

    def __init__(
        self, connection: Connection, wishes: Wishes, state: dict[str, Any] | None
    ) -> None:
        self._connection = connection
        self._wishes = wishes
        self._state: EncodedState | dict[str, Any] | None = state
        self._moved = False
        self.in_epoch = False
        self._abandon = False
        self._failures = 0
        self._run = 0
        self._running = False
        self._sequence = 0
        self._unacknowledged = self._unacknowledged_bytes = 0
        self._last_item: Message | None = None

    def welcome(self) -> Welcome:
        """What the server says about its stream.

        Raises:
            ServerError: if it cannot be reached, or refuses.
        """
        self._running = False
        while True:
            self._connection.send("hello")
            message = self._connection.receive(self._run)
            while message is not None and message.kind != "welcome":
                message = self._connection.receive(self._run)
            if message is not None:
                return _welcome_of(message)

    def state_dict(self) -> dict[str, Any] | None:
        """The place of the next item; None for where the server's stream is."""
        if isinstance(self._state, EncodedState):
            self._state = self._state.decode()
        return self._state

    def do(self, operation: str) -> None:
        """Have the stream reset, or brought to its next epoch, at its place."""
        self._running = False
        self._next_message(("place",), operation)
        self._running = self.in_epoch = self._abandon = False
        self._failures = 0

    def go_to(self, state: dict[str, Any] | None) -> None:
        """Go to another place."""
        self._state, self._moved = state, False
        self._running = self.in_epoch = self._abandon = False
        self._failures = 0

    def close(self) -> None:
        """Let the server go; what comes next is asked for again, if it is."""
        self._running = False
        self._connection.close()

    def begin_epoch(self) -> None:
        """Begin the next epoch, whether or not this one is over.

        Raises:
            ServerError: if the stream cannot.
        """
        if self.in_epoch:
            self._running, self._abandon = False, True
        self._failures = 0
        self._next_message(("begin",))
        self._abandon = False
        self.in_epoch = True
        self._last_item = None

    def receive(self) -> Any:
        """The next item of the epoch.

        Raises:
            StopIteration: if there is none.
            ServerError: if it cannot be had. The next call is about the item after it.
        """
        message = self._next_message(("item", "end"))
        if message.kind == "end":
            self.in_epoch = False
            raise StopIteration
        self._last_item = message
        return message.value("value")

    def context(self) -> Context:
        """Request and place of the item that was delivered last.

        Raises:
            NotImplementedError: if the server's stream does not know them.
        """
        place = None if self._last_item is None else self._last_item.value("place")
        if self._last_item is None or place is None:
            raise NotImplementedError(
                "the served stream does not know an item's place, which a transformer asks for; "
                "put that transformer on the server's side"
            )
        return Context(self._last_item.value("request"), Place(*place), new_array)

    def _next_message(self, kinds: tuple[str, ...], operation: str = "") -> Message:
        """The next reply of one of some kinds, after which this is at the place that it tells."""
        while True:
            if not self._running:
                self._ask(operation)
            message = self._connection.receive(self._run)
            if message is None or (message.kind == "unknown" and self._is_of_this_run(message)):
                self._note_loss()
                continue
            if message.kind not in _REPLIES or not self._is_of_this_run(message):
                continue
            if message.kind == "error" and message.value("over"):
                self._running = False
                raise _error_of(message)
            if message.whole_number("sequence") != self._sequence:
                self._note_loss()
                continue
            self._acknowledge(message)
            if message.kind == "error":
                self._failures += 1  # this item has been reported
                raise _error_of(message)
            if message.kind == "begin" and "begin" not in kinds:
                continue  # the server goes on with the epoch that was begun
            if message.kind not in kinds:
                self._running = False
                raise ServerError(f"the server sent {message.kind!r} where {kinds} was due")
            self._state, self._moved = message.encoded("state"), True
            self._failures = 0
            return message

    def _is_of_this_run(self, message: Message) -> bool:
        return message.whole_number("run") == self._run

    def _note_loss(self) -> None:
        """The server lost us, or we lost it, or messages were lost: all is to be asked for anew."""
        self._running = False
        if self._state is None and self._moved:
            self._moved = self.in_epoch = False
            raise ServerError(
                "the server was lost, and its stream does not know its place, so that it cannot "
                "go on; give that stream state_dict and load_state_dict. The next epoch is a first "
                "one"
            )

    def _ask(self, operation: str) -> None:
        """Have the server go on from here."""
        self._run += 1
        self._sequence = self._unacknowledged = self._unacknowledged_bytes = 0
        wishes = self._wishes
        self._connection.send(
            "start",
            run=self._run,
            state=self.state_dict(),
            abandon=self._abandon,
            failed=self._failures,
            index=wishes.shard.index,
            count=wishes.shard.count,
            even=wishes.shard.even,
            operation=operation,
            hwm=wishes.hwm,
            max_bytes=wishes.max_bytes,
        )
        self._running = True

    def _acknowledge(self, message: Message) -> None:
        """Give credit back, for several messages at once."""
        self._sequence += 1
        self._unacknowledged += 1
        self._unacknowledged_bytes += message.size
        if (
            self._unacknowledged * 4 >= self._wishes.hwm
            or self._unacknowledged_bytes * 4 >= self._wishes.max_bytes
            or not self._connection.has_message()
        ):
            self._connection.send("delivered", run=self._run, count=self._sequence)
            self._unacknowledged = self._unacknowledged_bytes = 0


def _error_of(message: Message) -> Exception:
    """What the server met."""
    if message.text("exception") == StateMismatchError.__name__:
        return StateMismatchError(message.text("error").partition(": ")[2])
    return ServerError(
        f"the server's stream failed: {message.text('error')}\n\n{message.text('traceback')}"
    )


def _welcome_of(message: Message) -> Welcome:
    try:
        labels = message.value("axis_labels")
        return Welcome(
            sources=tuple(message.value("sources")),
            produces_examples=bool(message.value("produces_examples")),
            axis_labels=None
            if labels is None
            else {
                str(name): None if axes is None else tuple(axes) for name, axes in labels.items()
            },
            state=message.value("state"),
        )
    except (CodecError, TypeError, AttributeError) as error:
        raise ServerError(f"the server presents itself in a malformed way: {error}") from error
