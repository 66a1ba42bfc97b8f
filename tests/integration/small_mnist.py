"""A small file in MNIST's format, and the training script run on it in processes of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

from fuel.converters.base import fill_hdf5_file
from mainloop.checkpoint import load_checkpoint
from mainloop.log import read_log

SCRIPTS = Path(__file__).parents[2] / "scripts"
EXAMPLES = 960


def write_small_mnist(folder: Path) -> None:
    """Noisy images of ten patterns, so that there is something to learn."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 256, (10, 1, 28, 28))

    def examples(number):
        labels = rng.integers(0, 10, (number, 1))
        images = (patterns[labels[:, 0]] + rng.integers(0, 256, (number, 1, 28, 28))) // 2
        return images.astype(np.uint8), labels.astype(np.uint8)

    train, test = examples(EXAMPLES), examples(100)
    with h5py.File(folder / "mnist.hdf5", "w") as file:
        fill_hdf5_file(
            file,
            (
                ("train", "features", train[0]),
                ("train", "targets", train[1]),
                ("test", "features", test[0]),
                ("test", "targets", test[1]),
            ),
        )
        for source, labels in {
            "features": ("batch", "channel", "height", "width"),
            "targets": ("batch", "index"),
        }.items():
            for axis, label in zip(file[source].dims, labels, strict=True):
                axis.label = label


class Trainer:
    """The training script in a process of its own, on the small file.

    Args:
        data: the folder of `mnist.hdf5`.
        run: the run's folder.
        *arguments: further arguments of the script.
    """

    def __init__(self, data: Path, run: Path, *arguments: str) -> None:
        self.run = run
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-W", "error", SCRIPTS / "train_mnist.py"),
                *("--run", run, "--examples", str(EXAMPLES), "--batch-size", "16"),
                *("--epochs", "25", "--patience", "25", *arguments),
            ],
            env={**os.environ, "FUEL_DATA_PATH": str(data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> tuple[int, str, str]:
        """Wait for the end; the exit status and what was printed."""
        output, errors = self.process.communicate(timeout=120)
        return self.process.returncode, output, errors

    def wait_for_epoch(self, number: int) -> bool:
        """Wait until so many epochs are in the log; whether it came before the end."""
        while self.process.poll() is None:
            if self.epochs() >= number:
                return True
            time.sleep(0.01)
        return False

    def epochs(self) -> int:
        """How many epochs the log tells of."""
        try:
            rows = read_log(self.run / "log.sqlite")
        except (FileNotFoundError, ValueError):
            return 0
        return max((row["epochs_done"] for row in rows), default=0)

    def children(self) -> list[int]:
        """The process numbers of the script's own children."""
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except OSError:
            return []
        return [int(number) for number in text.split()]

    def kill(self) -> None:
        """kill -9."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)


def results(run: Path):
    """All that two equal runs have in common: values, rule, log."""
    saved = load_checkpoint(run / "checkpoint.h5")
    arrays = {f"parameter {path}": value for path, value in saved.parameters.items()}
    for kind in ("values", "rule"):
        for name, value in saved.state["algorithm"][kind].items():
            arrays[f"{kind} {name}"] = value
    return {name: (value.dtype.str, value.tobytes()) for name, value in arrays.items()}, read_log(
        run / "log.sqlite", notes=False
    )
