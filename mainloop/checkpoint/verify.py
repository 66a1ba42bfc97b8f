"""Prove that a run resumes bit for bit: stop it, go on in a fresh process, compare."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mainloop.checkpoint._tree import Place, told
from mainloop.checkpoint.file import load_checkpoint


def verify_resume(
    factory: str, *, steps_before: int, steps_after: int, folder: str | os.PathLike[str] = "."
) -> list[str]:
    """Everything in which a resumed run differs from one that was not stopped.

    One process trains `steps_before + steps_after` batches and saves on the way; a second one
    loads that and trains `steps_after` batches. Parameters, algorithm, place in the data,
    extensions, and the log without its notes are compared bit for bit. The run's own `Checkpoint`
    and `Load` extensions are left out, and its log is kept in memory, so no file of it is touched.

    Args:
        factory: `package.module:function` or `path/to/script.py:function`; the function takes
            nothing and returns a new `MainLoop`.
        steps_before: batches up to the stop, at least 1; any place within an epoch will do.
        steps_after: batches after it, at least 1.
        folder: where both processes run.

    Returns:
        A line for everything that differs; empty if the run resumes exactly.

    Raises:
        ValueError: if a number of steps is below 1.
        RuntimeError: if one of the processes fails; with what it said.
    """
    if steps_before < 1 or steps_after < 1:
        raise ValueError(
            f"steps_before={steps_before} and steps_after={steps_after} must be at least 1"
        )
    with tempfile.TemporaryDirectory() as place:
        saved, straight, resumed = (
            Path(place) / f"{name}.h5" for name in ("saved", "straight", "resumed")
        )
        last = steps_before + steps_after
        _run(folder, factory, f"{steps_before}:{saved}", f"{last}:{straight}")
        _run(folder, factory, "--load", str(saved), f"{last}:{resumed}")
        one, other = load_checkpoint(straight), load_checkpoint(resumed)
    found = list(_differences(one.parameters, other.parameters, ("parameters",)))
    return found + list(_differences(one.state, other.state, ()))


def _run(folder: str | os.PathLike[str], *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mainloop.checkpoint._verified_run", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"the run with {' '.join(arguments)} failed with status {done.returncode}:\n"
            f"{done.stderr.strip()}"
        )


def _differences(one: Any, other: Any, place: Place) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key in one and key in other:
                yield from _differences(one[key], other[key], (*place, key))
            else:
                which = "straight" if key in one else "resumed"
                yield f"{told((*place, key))} is in the {which} run only"
    elif (
        isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other)
    ):
        for index, (item, counterpart) in enumerate(zip(one, other, strict=True)):
            yield from _differences(item, counterpart, (*place, index))
    elif _bits(one) != _bits(other):
        yield f"{told(place)} is {one!r} in the straight run, {other!r} in the resumed one"


def _bits(value: Any) -> tuple[str, ...] | tuple[str, bytes]:
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype}{value.shape}", value.tobytes()
    return type(value).__name__, repr(value)
