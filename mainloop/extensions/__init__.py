"""What can happen during a run besides the training itself."""

from mainloop.extensions.base import TrainingExtension
from mainloop.extensions.best import TrackTheBest
from mainloop.extensions.best_patience import FinishIfNoImprovementAfter
from mainloop.extensions.best_restore import RestoreTheBest
from mainloop.extensions.checkpoint import Checkpoint
from mainloop.extensions.finish_after import FinishAfter
from mainloop.extensions.load import Load
from mainloop.extensions.printing import Printing
from mainloop.extensions.progress_bar import ProgressBar
from mainloop.extensions.simple import OnLogRecord, SimpleExtension
from mainloop.extensions.stream_monitoring import DataStreamMonitoring
from mainloop.extensions.timing import Timing
from mainloop.extensions.training_monitoring import TrainingDataMonitoring

__all__ = [
    "Checkpoint",
    "DataStreamMonitoring",
    "FinishAfter",
    "FinishIfNoImprovementAfter",
    "Load",
    "OnLogRecord",
    "Printing",
    "ProgressBar",
    "RestoreTheBest",
    "SimpleExtension",
    "Timing",
    "TrackTheBest",
    "TrainingDataMonitoring",
    "TrainingExtension",
]
