"""The process that `verify_resume` starts: train, and save at given steps.

Arguments: the factory, `--load FILE` if the run goes on from there, then `STEP:FILE` for every
step at which to save; the run ends at the last one.
"""

import argparse
import importlib
import sys
from pathlib import Path

from mainloop._protocols import Batch
from mainloop.checkpoint.file import load_checkpoint, save_checkpoint
from mainloop.extensions.base import TrainingExtension
from mainloop.extensions.checkpoint import Checkpoint
from mainloop.extensions.load import Load
from mainloop.log import TrainingLog
from mainloop.main_loop import MainLoop


class _SaveAt(TrainingExtension):
    """Saves after given numbers of steps, and finishes the run after the last."""

    runs_last = True

    def __init__(self, files: dict[int, Path]) -> None:
        super().__init__()
        self._files = files

    def after_batch(self, batch: Batch) -> None:
        main_loop = self.main_loop
        done = main_loop.status["iterations_done"]
        if done not in self._files:
            return
        state = main_loop.state_dict()
        state["log"]["uuid"] = ""  # the one thing that is new in every process
        for row in state["log"]["rows"]:
            row["notes"] = {}
        save_checkpoint(self._files[done], state, main_loop.algorithm.values)
        if done == max(self._files):
            main_loop.finish("the last step to be verified is done")


def main(arguments: list[str]) -> None:
    """Make the run that the arguments name, and train it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("factory")
    parser.add_argument("--load", type=Path)
    parser.add_argument("saves", nargs="+")
    options = parser.parse_args(arguments)
    pairs = (save.split(":", 1) for save in options.saves)
    main_loop = _made(options.factory)
    extension = _SaveAt({int(step): Path(file) for step, file in pairs})
    extension.main_loop = main_loop
    main_loop.extensions.append(extension)
    if options.load is not None:
        main_loop.algorithm.initialize()
        main_loop.load_state_dict(load_checkpoint(options.load).state)
    main_loop.run()


def _made(factory: str) -> MainLoop:
    """The run, with nothing left that reads or writes its files."""
    module, _, function = factory.rpartition(":")
    if module.endswith(".py"):
        sys.path.insert(0, str(Path(module).resolve().parent))
        module = Path(module).stem
    made: MainLoop = getattr(importlib.import_module(module), function)()
    made.extensions = [
        extension for extension in made.extensions if not isinstance(extension, Checkpoint | Load)
    ]
    log = TrainingLog()
    log.status.update(made.log.status)
    made.log = log
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
