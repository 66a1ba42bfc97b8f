"""The log of a run: rows of records, one row an iteration, and the status of the run."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, final

from mainloop.log._values import is_recordable, plain


class LogWarning(UserWarning):
    """The log could not keep all that it should; the run goes on."""


@dataclass
class _Content:
    """What one row holds; `fresh` names the records that are not plain yet."""

    epochs_done: int = 0
    results: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)

    def settle(self) -> "_Content":
        """Wait for the arrays among the records and make them plain."""
        for name in self.fresh:
            kind = self.results if name in self.results else self.notes
            kind[name] = plain(kind[name])
        self.fresh.clear()
        return self

    def to_state(self, iteration: int) -> dict[str, Any]:
        """A copy, with the number of its step."""
        self.settle()
        return {
            "iteration": iteration,
            "epochs_done": self.epochs_done,
            "results": deepcopy(self.results),
            "notes": deepcopy(self.notes),
        }

    def to_dict(self, iteration: int, *, notes: bool) -> dict[str, Any]:
        """The records by name, behind where they were made; with notes or without."""
        self.settle()
        place = {"iterations_done": iteration, "epochs_done": self.epochs_done}
        return {**place, **self.results, **(self.notes if notes else {})}


@final
class LogRow(MutableMapping[str, Any]):
    """The records of one iteration, by name. Looking at a row does not create it.

    A record is a *result* (`row["cost"] = 0.3`), which a repetition of the run gives again
    bit for bit, or a *note* (`row.note("time_train_total", 8.1)`), which tells of this
    process: times, paths, interruptions. Both are read alike; comparisons leave notes out.
    Values are numbers, strings, small arrays, and lists and dicts of these.

    >>> log = TrainingLog()
    >>> log.current_row["cost"] = 0.25
    >>> log[0]["cost"], "cost" in log[1], len(log)
    (0.25, False, 1)
    """

    __slots__ = ("_log", "iteration")

    def __init__(self, log: "AbstractTrainingLog", iteration: int) -> None:
        self._log = log
        self.iteration = iteration

    def __getitem__(self, name: str) -> Any:
        content = self._log._find(self.iteration)
        if content is not None:
            for kind in (content.results, content.notes):
                if name in kind:
                    if name in content.fresh:
                        kind[name] = plain(kind[name])
                        content.fresh.discard(name)
                    return kind[name]
        raise KeyError(name)

    def __setitem__(self, name: str, value: Any) -> None:
        content = self._writable(name, value)
        content.epochs_done = self._log.status["epochs_done"]
        content.notes.pop(name, None)
        content.results[name] = value

    def note(self, name: str, value: Any) -> None:
        """Record what is true of this process only: a time, a path, an interruption."""
        content = self._writable(name, value)
        content.results.pop(name, None)
        content.notes[name] = value

    def __delitem__(self, name: str) -> None:
        content = self._log._find(self.iteration)
        if content is None or name not in (content.results | content.notes):
            raise KeyError(name)
        content = self._log._touch(self.iteration)
        content.results.pop(name, None)
        content.notes.pop(name, None)
        content.fresh.discard(name)

    def __iter__(self) -> Iterator[str]:
        content = self._log._find(self.iteration) or _Content()
        return iter([*content.results, *content.notes])

    def __len__(self) -> int:
        content = self._log._find(self.iteration) or _Content()
        return len(content.results) + len(content.notes)

    def __repr__(self) -> str:
        return f"LogRow({self.iteration}, {dict(self)})"

    def _writable(self, name: str, value: Any) -> _Content:
        if not isinstance(name, str) or name in ("iterations_done", "epochs_done"):
            raise ValueError(
                f"{name!r} cannot name a record: names are strings, and iterations_done and "
                "epochs_done are the row's own; they stand in log.status"
            )
        if self.iteration < 0:
            raise ValueError("nothing can be recorded before iteration 0")
        if not is_recordable(value):
            raise TypeError(
                f"record {name!r} is of type {type(value).__name__}; a log keeps numbers, "
                "strings, small arrays, and lists and string-keyed dicts of these"
            )
        content = self._log._touch(self.iteration)
        content.fresh.add(name)
        return content


def note(row: MutableMapping[str, Any], name: str, value: Any) -> None:
    """Make a note in a row of any log; one that knows no notes gets a record."""
    if isinstance(row, LogRow):
        row.note(name, value)
    else:
        row[name] = value


class AbstractTrainingLog(ABC):
    """Rows of records by iteration, and `status`: where the run stands.

    `log[iteration]` is a row, `current_row` that of `status["iterations_done"]`. The status is
    part of what a resumed run repeats exactly, so it holds values and no times. A log is
    complete in its file after `flush`, and safe from a power failure after `sync`.

    Attributes:
        status: JSON values and small arrays by name, with at least `iterations_done`,
            `epochs_done` and `_epoch_ends`, the iterations at which epochs ended.
        uuid: of this process's part of the run, 32 hexadecimal digits.
        resumed_from: the uuid of the part that this one goes on from, or None.
    """

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"iterations_done": 0, "epochs_done": 0, "_epoch_ends": []}
        self.uuid = uuid.uuid4().hex
        self.resumed_from: str | None = None
        self._rows: dict[int, _Content] = {}
        self._dirty: set[int] = set()

    @final
    def __getitem__(self, iteration: int) -> LogRow:
        if isinstance(iteration, bool) or not isinstance(iteration, int) or iteration < 0:
            raise ValueError(
                f"rows are numbered by iterations done, 0, 1, 2 …; there is no row {iteration!r}"
            )
        return LogRow(self, iteration)

    @property
    def current_row(self) -> LogRow:
        """The row of the iterations done so far."""
        return LogRow(self, self.status["iterations_done"])

    @property
    def previous_row(self) -> LogRow:
        """The row before the current one; at the very start an empty one."""
        return LogRow(self, self.status["iterations_done"] - 1)

    @property
    def last_epoch_row(self) -> LogRow:
        """The row at which the last epoch ended; before that an empty one."""
        ends = self.status["_epoch_ends"]
        return LogRow(self, ends[-1] if ends else -1)

    def __len__(self) -> int:
        """How many rows hold a record."""
        return len(self.rows())

    @abstractmethod
    def rows(self, *, notes: bool = True) -> list[dict[str, Any]]:
        """Every row as a dict, in order, with `iterations_done` and `epochs_done`.

        Args:
            notes: whether the notes are given too; without them the rows of a resumed run
                equal those of an uninterrupted one.
        """

    @abstractmethod
    def flush(self) -> None:
        """Hand what changed since the last time to the file, for others to read."""

    @abstractmethod
    def sync(self) -> None:
        """Make what was flushed safe from a power failure; any thread may call this."""

    @abstractmethod
    def close(self) -> None:
        """Flush and let go of the file."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Where the log stands, to go into a checkpoint."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken; rows that came later are superseded."""

    @abstractmethod
    def _stored(self, iteration: int) -> _Content | None:
        """The row as the file holds it, if it does."""

    @final
    def _find(self, iteration: int) -> _Content | None:
        content = self._rows.get(iteration)
        return content if content is not None else self._stored(iteration)

    @final
    def _touch(self, iteration: int) -> _Content:
        """The row, to be written to; a new one sends those before it to the file."""
        if self._dirty and iteration not in self._dirty:
            self.flush()
        content = self._find(iteration) or _Content(self.status["epochs_done"])
        self._rows[iteration] = content
        self._dirty.add(iteration)
        return content

    @final
    def _resume(self, state: Mapping[str, Any]) -> None:
        """Take status, lineage and the rows that the state itself carries."""
        if state.get("format") != 1:
            raise ValueError(
                f"the log's state is of format {state.get('format')!r}, but this version reads "
                "format 1; resume with the version that wrote the checkpoint"
            )
        self.status = deepcopy(dict(state["status"]))
        self.resumed_from = state["uuid"]
        self.uuid = uuid.uuid4().hex
        self._rows = {
            row["iteration"]: _Content(
                row["epochs_done"], deepcopy(row["results"]), deepcopy(row["notes"])
            )
            for row in state["rows"]
        }
        self._dirty = set(self._rows)

    @final
    def _state(self, rows: list[dict[str, Any]], stored: int) -> dict[str, Any]:
        return {
            "format": 1,
            "uuid": self.uuid,
            "status": deepcopy(self.status),
            "rows": rows,
            "stored": stored,
        }


@final
class TrainingLog(AbstractTrainingLog):
    """A log in memory. All of it goes into a checkpoint; for long runs prefer `SQLiteLog`."""

    def rows(self, *, notes: bool = True) -> list[dict[str, Any]]:
        """Every row as a dict, in order, with `iterations_done` and `epochs_done`."""
        return [
            row.to_dict(iteration, notes=notes)
            for iteration, row in sorted(self._rows.items())
            if row.results or (notes and row.notes)
        ]

    def flush(self) -> None:
        """Wait for the arrays among the records, so that they can be freed."""
        for iteration in self._dirty:
            self._rows[iteration].settle()
        self._dirty.clear()

    def sync(self) -> None:
        """Nothing to do: a log in memory ends with its process."""

    def close(self) -> None:
        """Wait for the arrays among the records."""
        self.flush()

    def state_dict(self) -> dict[str, Any]:
        """All rows and the status."""
        rows = [row.to_state(iteration) for iteration, row in sorted(self._rows.items())]
        return self._state(rows, stored=0)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace all rows and the status by those of `state`.

        Raises:
            ValueError: if the state is of another format, or was taken from a log with a file.
        """
        if state.get("stored"):
            raise ValueError(
                f"the checkpoint left {state['stored']} rows of the log in its file; resume with "
                "SQLiteLog(path of that file) instead of TrainingLog()"
            )
        self._resume(state)

    def _stored(self, iteration: int) -> _Content | None:
        return None
