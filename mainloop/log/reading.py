"""Read the log file of a run, also from another process while the run goes on."""

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from mainloop.log._values import from_json

APPLICATION_ID = 0x4D4C4F47  # "MLOG", in SQLite's own field for saying whose file this is
FORMAT = 1


def read_log(path: str | os.PathLike[str], *, notes: bool = True) -> list[dict[str, Any]]:
    """The rows of a run in order of iteration, each a dict of records.

    Besides its records each row has `iterations_done` and `epochs_done`. What a killed process
    recorded after the step that the run was resumed from is not among them. Reading neither
    waits for the run nor holds it up.

    Args:
        path: the log file that `SQLiteLog` writes.
        notes: whether times and other notes of the process are given too; without them the
            rows of a resumed run equal those of an uninterrupted one.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a log, or of a later format.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no log {path}; give the file that SQLiteLog writes")
    # A copy in a folder that cannot be written to has no room for SQLite's index of its journal.
    alone = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' * alone}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
            check_format(connection, path)
            found = connection.execute(
                "SELECT iteration, epochs_done, results, notes FROM rows ORDER BY iteration"
            ).fetchall()
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} cannot be read as a log: {error}") from error
    return [
        {
            "iterations_done": iteration,
            "epochs_done": epochs_done,
            **from_json(results),
            **(from_json(noted) if notes else {}),
        }
        for iteration, epochs_done, results, noted in found
        if results != "{}" or (notes and noted != "{}")
    ]


def columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns of one length, None where a row lacks the record.

    >>> columns([{"iterations_done": 1, "cost": 0.5}, {"iterations_done": 2}])
    {'iterations_done': [1, 2], 'cost': [0.5, None]}
    """
    rows = list(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Raise a ValueError unless the database is a log of a format that is known here."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise ValueError(f"{path} is an SQLite file, but not the log of a run")
    if version != FORMAT:
        raise ValueError(f"{path} is a log of format {version}; this version reads {FORMAT}")
