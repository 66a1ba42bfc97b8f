"""Checkpoints: a run in one HDF5 file, whole and checked to the last bit."""

from mainloop.checkpoint.errors import CheckpointError, CheckpointWarning
from mainloop.checkpoint.file import SavedRun, load_checkpoint, load_parameters, save_checkpoint
from mainloop.checkpoint.verify import verify_resume

__all__ = [
    "CheckpointError",
    "CheckpointWarning",
    "SavedRun",
    "load_checkpoint",
    "load_parameters",
    "save_checkpoint",
    "verify_resume",
]
