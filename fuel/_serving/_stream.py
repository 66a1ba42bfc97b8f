"""The client's side of a served stream."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from fuel._closing import Closing
from fuel._serving._address import address_of
from fuel._serving._client import ServedEpochs, Welcome, Wishes
from fuel._serving._connection import Connection
from fuel._serving._error import ServerError
from fuel._shard import WHOLE, Shard
from fuel._streams._abstract_stream import AbstractDataStream, AxisLabels
from fuel._streams._context import Context
from fuel.exceptions import StateMismatchError
from fuel.iterator import DataIterator

__all__ = ["ServerDataStream", "ServerError"]


class ServerDataStream(AbstractDataStream, Closing):
    """A stream that a server runs: `fuel.server.start_server`, or the command `fuel-serve`.

    It is like the server's stream in this process: its `state_dict` is that stream's, at the item
    delivered last, and goes on exactly, here, in another client, or in the stream itself without
    any server.

    Several clients each have a stream of their own. To share one among `count` clients, each takes
    its shard, `ServerDataStream().shard(index, count)`: the items of each epoch are dealt out, and
    all see its end. The server makes a shard's items only, if they can be made each by itself.

    It connects when something is first asked for. A server that was ended and started again is
    found again, and asked for what comes next: nothing is lost and nothing comes twice. A server
    that says nothing for five heartbeats is connected to anew, until `timeout`.

    Args:
        sources: names of the elements of an item, in the server's order; default the server's.
        produces_examples: whether items are single examples; default what the server says.
        host: the server's, as a name or an IP address; or `ipc://` and a path.
        port: the server's.
        hwm: messages, of which an item is one, that may be under way to here.
        axis_labels: for each source the names of its axes; default the server's.
        max_bytes: no more is sent ahead while so many bytes are under way to here.
        heartbeat: seconds of silence after which the server is asked whether it is there.
        timeout: seconds of silence after which it is an error; None waits for ever. A server that
            is there may take its time over an item.
        keys: folder of this client's keys (`fuel-serve --make-keys`), if the server wants keys.

    Raises:
        ValueError: if a number is out of its range, or the address is malformed.
        FileNotFoundError: if `keys` are not there.

    A call that needs the server raises `ServerError` if it cannot be reached, refuses, has another
    number of sources or kind of items than was said, or its stream fails; the message then has its
    traceback, and the next call is about the item after it.
    """

    _known: Welcome | None

    def __init__(
        self,
        sources: Iterable[str] | None = None,
        produces_examples: bool | None = None,
        host: str = "localhost",
        port: int = 5557,
        hwm: int = 10,
        axis_labels: AxisLabels | None = None,
        *,
        max_bytes: int = 256 * 2**20,
        heartbeat: float = 1.0,
        timeout: float | None = 60.0,
        keys: str | os.PathLike[str] | None = None,
    ) -> None:
        for name, number in (("hwm", hwm), ("max_bytes", max_bytes)):
            if number < 1:
                raise ValueError(f"{name}={number} must be 1 or more")
        for name, seconds in (("heartbeat", heartbeat), ("timeout", timeout)):
            if seconds is not None and seconds <= 0:
                raise ValueError(f"{name}={seconds} must be a positive number of seconds")
        super().__init__(None, axis_labels)
        self.host, self.port, self.hwm = host, port, hwm
        self.max_bytes, self.heartbeat, self.timeout = max_bytes, heartbeat, timeout
        self.keys = keys
        self._sources = None if sources is None else tuple(sources)
        self._produces_examples = produces_examples
        self._shard = WHOLE
        self._start(None)

    @property
    def connected(self) -> bool:
        """Whether there is a connection: from the first thing asked for until `close`."""
        return self._connection.is_open

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the elements of an item."""
        return self._welcome().sources if self._sources is None else self._sources

    @sources.setter
    def sources(self, value: Iterable[str]) -> None:
        self._sources = tuple(value)

    @property
    def produces_examples(self) -> bool:
        """Whether an item is one example rather than a batch."""
        if self._produces_examples is None:
            return self._welcome().produces_examples
        return self._produces_examples

    @produces_examples.setter
    def produces_examples(self, value: bool) -> None:
        self._produces_examples = value

    @property
    def axis_labels(self) -> AxisLabels | None:
        """For each source the names of its axes, if anybody says."""
        if self._axis_labels is not None:
            return self._axis_labels
        welcome = self._welcome()
        if welcome.axis_labels is None:
            return None
        return {
            own: welcome.axis_labels.get(theirs)
            for own, theirs in zip(self.sources, welcome.sources, strict=True)
        }

    @axis_labels.setter
    def axis_labels(self, value: AxisLabels | None) -> None:
        self._axis_labels = value

    def get_data(self, request: Any = None) -> Any:
        """The next item of the epoch, or of the next if this one is over.

        Raises:
            ValueError: if there is a request.
            StopIteration: at the end of the epoch.
        """
        if request is not None:
            raise ValueError(
                f"the server decides what comes, so there can be no request, but got {request!r}"
            )
        if not self._epochs.in_epoch:
            self._begin_epoch()
        return self._epochs.receive()

    def get_epoch_iterator(self, as_dict: bool = False) -> DataIterator:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in."""
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        self._begin_epoch()
        return self._follow(DataIterator(self, None, as_dict))

    def reset(self) -> None:
        """Have the stream reset; the next epoch is a first one for its data set."""
        self._do("reset")

    def next_epoch(self) -> None:
        """Have the stream brought to its next epoch; `get_epoch_iterator` does it by itself."""
        self._do("next_epoch")

    def close(self) -> None:
        """Let the server go; iterating again connects again, and goes on."""
        self._epochs.close()
        self._known = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the connection; the place instead of it."""
        state = {name: value for name, value in vars(self).items() if name not in _UNSAVED}
        return {**state, "_place": self._place()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        place = state.pop("_place")
        vars(self).update(state)
        self._start(place)

    def _start(self, state: dict[str, Any] | None) -> None:
        self._connection = Connection(
            address_of(self.host, self.port),
            heartbeat=self.heartbeat,
            timeout=self.timeout,
            keys=self.keys,
        )
        self._epochs = ServedEpochs(
            self._connection,
            Wishes(shard=self._shard, hwm=self.hwm, max_bytes=self.max_bytes),
            state,
        )
        self._known = None
        self._is_loaded = state is not None

    def _welcome(self) -> Welcome:
        """What the server says about its stream, which must be what the user said."""
        if self._known is None:
            known = self._epochs.welcome()
            if self._sources is not None and len(self._sources) != len(known.sources):
                raise ServerError(
                    f"sources={self._sources} are {len(self._sources)} names, but the server's "
                    f"stream has {len(known.sources)}, {known.sources}; leave sources out to have "
                    "them as they are there"
                )
            said = self._produces_examples
            if said is not None and said is not known.produces_examples:
                kinds = ("batches", "examples")
                raise ServerError(
                    f"produces_examples={said}, but the server's stream produces "
                    f"{kinds[known.produces_examples]}; leave it out to have what is there"
                )
            self._known = known
        return self._known

    def _begin_epoch(self) -> None:
        self._prepare()
        self._epochs.begin_epoch()
        self._is_loaded = False

    def _prepare(self) -> None:
        """Connect; and if no place was loaded, be where the server's stream is."""
        known = self._welcome()
        if known.state is not None and self._place() is None:
            self._epochs.go_to(known.state)

    def _do(self, operation: str) -> None:
        self._undo_peek()
        self._supersede()
        self._prepare()
        self._epochs.do(operation)
        self._is_loaded = True

    def _context(self) -> Context:
        return self._epochs.context()

    def _place(self) -> dict[str, Any] | None:
        """The place of the server's stream; None for where it was when it was handed over."""
        return self._epochs.state_dict()

    def _state(self) -> dict[str, Any]:
        place = self._place()
        if place is None:
            place = self._welcome().state
        if place is None:
            raise NotImplementedError(
                "the served stream does not know its place; define state_dict and load_state_dict "
                "for it"
            )
        return dict(place)

    def _load_state(self, state: Mapping[str, Any]) -> None:
        if not isinstance(state, Mapping):
            raise StateMismatchError(f"a state is a dictionary, but got {state!r:.100}")
        self._epochs.go_to(dict(state))
        self._is_loaded = True

    def _part(self, shard: Shard) -> ServerDataStream:
        """A client of the same server that asks for a shard only."""
        part = object.__new__(ServerDataStream)
        wanted = shard if self._shard == WHOLE else shard.within(self._shard)
        part.__setstate__({**self.__getstate__(), "_shard": wanted})
        return part

    def _continue_epoch(self, as_dict: bool = False) -> DataIterator:
        if (self._place() or {}).get("in_epoch", True):
            return self.get_epoch_iterator(as_dict)
        iterator = self._follow(DataIterator(self, None, as_dict))
        iterator.mark_finished()
        return iterator

    def _abandon_epoch(self) -> None:
        if self._is_loaded and (self._place() or {}).get("in_epoch", True):
            self._prepare()
            self._epochs.do("abandon")


_UNSAVED = ("_connection", "_epochs", "_known", "_live", "_peeked", "_is_loaded")
