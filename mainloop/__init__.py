"""A training run: step rules, the loop and its extensions, monitoring, checkpoints."""

from mainloop._signals import TrainingInterrupted
from mainloop._sources import UnusedSourcesWarning
from mainloop.algorithms import GradientDescent, NotFiniteError
from mainloop.main_loop import MainLoop

__all__ = [
    "GradientDescent",
    "MainLoop",
    "NotFiniteError",
    "TrainingInterrupted",
    "UnusedSourcesWarning",
]
