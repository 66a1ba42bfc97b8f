"""What can happen during a run besides the training itself."""

from mainloop.extensions.base import TrainingExtension
from mainloop.extensions.simple import OnLogRecord, SimpleExtension

__all__ = [
    "OnLogRecord",
    "SimpleExtension",
    "TrainingExtension",
]
