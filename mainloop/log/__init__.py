"""What a run recorded: in memory, in a file that others read while it grows, as rows or columns."""

from mainloop.log.reading import columns, read_log
from mainloop.log.sqlite_log import SQLiteLog
from mainloop.log.training_log import AbstractTrainingLog, LogRow, LogWarning, TrainingLog, note

__all__ = [
    "AbstractTrainingLog",
    "LogRow",
    "LogWarning",
    "SQLiteLog",
    "TrainingLog",
    "columns",
    "note",
    "read_log",
]
