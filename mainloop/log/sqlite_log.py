"""The log of a run in an SQLite file that other processes read while it grows."""

import logging
import os
import sqlite3
import threading
import warnings
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from mainloop.log._values import from_json, to_json
from mainloop.log.reading import APPLICATION_ID, FORMAT, check_format
from mainloop.log.training_log import AbstractTrainingLog, LogWarning, _Content

_logger = logging.getLogger(__name__)

_TABLES = f"""
CREATE TABLE rows (
    iteration INTEGER PRIMARY KEY, epochs_done INTEGER, results TEXT, notes TEXT
);
CREATE TABLE superseded (
    run INTEGER, iteration INTEGER, epochs_done INTEGER, results TEXT, notes TEXT
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, uuid TEXT, resumed_from TEXT, first_iteration INTEGER,
    started TEXT, synced TEXT
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""


@final
class SQLiteLog(AbstractTrainingLog):
    """A log in one SQLite file, in write-ahead mode: a killed process leaves whole rows only.

    A run that is resumed takes the place of what was recorded after the step it is resumed
    from: those rows move to the table `superseded`, under the number of the run that took
    their place. So does the whole log of a run that is started anew on the same file, which is
    told by a logged warning. The table `runs` keeps who resumed whom. Nothing in the file changes
    before the first `flush`.

    A file that cannot be written to does not stop the run: a `LogWarning` is given, rows wait
    in memory, and the next `flush` tries again.

    Args:
        path: the file; created with its folder if there is none.

    Raises:
        ValueError: if the file is there and is not a log.
        OSError: if it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._lock = threading.Lock()
        self._connection = _connected(self.path)
        self._closer = weakref.finalize(self, self._connection.close)
        self._number: int | None = None  # in the table of runs, from the first flush on
        self._cut = 0  # before that: stored rows from this iteration on are not of this run
        self._failing = False
        self._newest = self._read_newest()  # so that looking at a row to come asks no file

    def rows(self, *, notes: bool = True) -> list[dict[str, Any]]:
        """Every row as a dict, in order, with `iterations_done` and `epochs_done`."""
        return [
            row.to_dict(iteration, notes=notes)
            for iteration, row in sorted(self._contents(0).items())
            if row.results or (notes and row.notes)
        ]

    def flush(self) -> None:
        """Write the rows that changed, in one transaction; costs some 20 microseconds a row.

        Raises:
            RuntimeError: if another run took over the file.
        """
        if not self._dirty:
            return
        changed = [
            (iteration, row.epochs_done, to_json(row.settle().results), to_json(row.notes))
            for iteration, row in sorted((key, self._rows[key]) for key in self._dirty)
        ]
        try:
            with self._transaction():
                self._take_over()
                self._connection.executemany(
                    "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", changed
                )
        except sqlite3.OperationalError as error:
            self._tell_once(error)
            return
        self._failing = False
        self._dirty.clear()
        newest = max(self._rows)
        self._newest = max(self._newest, newest)
        self._rows = {key: row for key, row in self._rows.items() if key >= newest - 1}

    def sync(self) -> None:
        """Have the disk confirm all that was flushed; any thread may call this."""
        if self._number is None:
            return
        try:
            with self._lock:
                self._connection.execute("PRAGMA synchronous = FULL")
            with self._transaction():
                self._connection.execute(
                    "UPDATE runs SET synced = ? WHERE number = ?", (_now(), self._number)
                )
            with self._lock:
                self._connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.OperationalError as error:
            self._tell_once(error)

    def close(self) -> None:
        """Flush and close the file; a closed log can no longer be read through this object."""
        if self._closer.alive:
            self.flush()
            with self._lock:
                self._closer()

    def state_dict(self) -> dict[str, Any]:
        """The status and the rows that may still change; the others stay in the file."""
        self.flush()
        first = min(self._rows, default=self.status["iterations_done"])
        kept = sorted(self._contents(first).items())
        stored = self._count_before(first)
        return self._state([row.to_state(iteration) for iteration, row in kept], stored)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken; rows that came later are superseded.

        A file that lacks rows the run had before gives a `LogWarning` that says how many.

        Raises:
            ValueError: if the state is of another format.
        """
        self._resume(state)
        self._number = None
        first = min(self._rows, default=self.status["iterations_done"])
        self._cut = first
        stored = self._count_before(first)
        if stored != state["stored"]:
            warnings.warn(
                f"the run had recorded {state['stored']} rows before iteration {first}, but "
                f"{self.path} holds {stored}; put the log back beside its checkpoint to keep "
                "the record whole",
                LogWarning,
                stacklevel=2,
            )

    def _stored(self, iteration: int) -> _Content | None:
        if iteration > self._newest or iteration >= self._limit:
            return None
        with self._lock:
            row = self._connection.execute(
                "SELECT epochs_done, results, notes FROM rows WHERE iteration = ?", (iteration,)
            ).fetchone()
        return None if row is None else _content(row)

    def _contents(self, first: int) -> dict[int, _Content]:
        """The rows from an iteration on, those in memory in place of those in the file."""
        with self._lock:
            found = self._connection.execute(
                "SELECT iteration, epochs_done, results, notes FROM rows "
                "WHERE iteration >= ? AND iteration < ?",
                (first, self._limit),
            ).fetchall()
        contents = {row[0]: _content(row[1:]) for row in found}
        contents.update((key, row) for key, row in self._rows.items() if key >= first)
        return contents

    @property
    def _limit(self) -> int:
        """Stored rows below this iteration are of this run."""
        return self._cut if self._number is None else 2**63 - 1

    def _read_newest(self) -> int:
        (newest,) = self._connection.execute("SELECT max(iteration) FROM rows").fetchone()
        return -1 if newest is None else int(newest)

    def _count_before(self, iteration: int) -> int:
        with self._lock:
            (count,) = self._connection.execute(
                "SELECT count(*) FROM rows WHERE iteration < ?", (min(iteration, self._limit),)
            ).fetchone()
        return int(count)

    def _take_over(self) -> None:
        """At the first write become the file's run; later make sure to be it still."""
        (newest,) = self._connection.execute("SELECT max(number) FROM runs").fetchone()
        if self._number is None:
            number = (newest or 0) + 1
            moved = self._connection.execute(
                "INSERT INTO superseded SELECT ?, * FROM rows WHERE iteration >= ?",
                (number, self._cut),
            ).rowcount
            if moved and self.resumed_from is None:
                _logger.warning(
                    "%s holds %d rows of another run; they make room for those of this one and "
                    "stay in its table 'superseded' under run %d",
                    *(self.path, moved, number),
                )
            self._connection.execute("DELETE FROM rows WHERE iteration >= ?", (self._cut,))
            self._connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, NULL)",
                (number, self.uuid, self.resumed_from, self._cut, _now()),
            )
            self._number = number
        elif newest != self._number:
            raise RuntimeError(
                f"another run writes to {self.path} since; give each run a log of its own"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, also in `_number`."""
        number = self._number
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._number = number
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _tell_once(self, error: sqlite3.OperationalError) -> None:
        if not self._failing:
            self._failing = True
            warnings.warn(
                f"{self.path} cannot be written to ({error}); the run goes on, its records wait "
                "in memory until there is room",
                LogWarning,
                stacklevel=3,
            )


def _connected(path: Path) -> sqlite3.Connection:
    """A connection to the log, which is created if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file in it: {path / 'log.sqlite'}")
    try:
        connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
    except sqlite3.OperationalError as error:
        raise OSError(f"the log {path} cannot be opened: {error}") from error
    try:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
        check_format(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(f"{path} cannot be used as a log: {error}") from error
    except ValueError:
        connection.close()
        raise
    return connection


def _content(row: tuple[int, str, str]) -> _Content:
    return _Content(row[0], from_json(row[1]), from_json(row[2]))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
