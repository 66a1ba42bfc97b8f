"""Save a run to one file, and load it again or refuse to."""

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mainloop.checkpoint._hdf5 import parse, snapshot
from mainloop.checkpoint._replace import previous_path, replace_file
from mainloop.checkpoint.errors import CheckpointError, CheckpointWarning


@dataclass(frozen=True)
class SavedRun:
    """What a checkpoint holds.

    Attributes:
        path: the file it came from.
        state: as it was given to `save_checkpoint`, with arrays as NumPy arrays.
        parameters: NumPy arrays by path, in the order they were given.
        roles: of every parameter, as strings, sorted.
    """

    path: Path
    state: Any
    parameters: dict[str, np.ndarray] = field(repr=False)
    roles: dict[str, tuple[str, ...]] = field(repr=False)


def save_checkpoint(
    path: str | os.PathLike[str],
    state: Mapping[str, Any],
    parameters: Mapping[str, Any],
    roles: Mapping[str, Iterable[Any]] | None = None,
) -> None:
    """Write a checkpoint; the one that was there is kept beside it as `*.previous.*`.

    The same content gives the same bytes. When this returns, the file is safe on the disk; if
    the process is killed before, the file that was there still is.

    Args:
        path: the file, usually `checkpoint.h5`; its folder is created.
        state: dicts with string keys, lists, tuples, numbers, strings, bytes, None, arrays and
            PRNG keys, nested as you like.
        parameters: arrays by path. They become data sets of the group `parameters`.
        roles: of the parameters, by path; `str` of each is written beside its parameter.

    Raises:
        OSError: if the file cannot be written, because the disk is full for instance.
        CheckpointError: if there is a file of that name that is not a checkpoint.
        TypeError: if the state holds anything else; says where.
        ValueError: if two parameters cannot stand side by side in one file.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "checkpoint.h5"
    >>> save_checkpoint(path, {"steps": 3}, {"/mlp/linear_0.b": np.zeros(2)})
    >>> load_checkpoint(path).state, load_parameters(path)
    ({'steps': 3}, {'/mlp/linear_0.b': array([0., 0.])})
    """
    content = snapshot(state, parameters, {} if roles is None else roles).compose()
    replace_file(Path(path), content)


def load_checkpoint(
    path: str | os.PathLike[str], parameters: Mapping[str, Any] | None = None
) -> SavedRun:
    """Read a checkpoint, or, if it is not in order, the one before it; that gives a warning.

    Every byte is checked against the SHA-256 in the file before any of it is used.

    Args:
        path: the newest file, usually `checkpoint.h5`.
        parameters: what the parameters must be, as arrays (or anything with a shape and a dtype)
            by path; a file whose names, shapes or dtypes differ is refused.

    Raises:
        FileNotFoundError: if there is neither this file nor one before it.
        CheckpointError: if none can be used; says for each why, with all that differs.
    """
    path = Path(path)
    saved, reasons = find_checkpoint(path, parameters)
    if saved is not None:
        if reasons:
            warnings.warn(
                f"{'; '.join(reasons)}; going on from the one before it, {saved.path}",
                CheckpointWarning,
                stacklevel=2,
            )
        return saved
    if all(reason.endswith("is not there") for reason in reasons):
        raise FileNotFoundError(f"there is no checkpoint: {' and '.join(reasons)}")
    raise CheckpointError("; ".join(reasons))


def find_checkpoint(
    path: Path, parameters: Mapping[str, Any] | None = None
) -> tuple[SavedRun | None, list[str]]:
    """The newest checkpoint that is in order, and what is wrong with those newer than it.

    Args:
        path: the newest file.
        parameters: see `load_checkpoint`.
    """
    reasons: list[str] = []
    for candidate in (path, previous_path(path)):
        try:
            content = candidate.read_bytes()
            saved = SavedRun(candidate, *parse(content))
            if parameters is not None:
                _check_fit(saved.parameters, parameters)
        except FileNotFoundError:
            reasons.append(f"{candidate} is not there")
        except CheckpointError as error:
            reasons.append(f"{candidate} is refused: {error}")
        except OSError as error:
            reasons.append(f"{candidate} cannot be read: {error}")
        else:
            return saved, reasons
    return None, reasons


def load_parameters(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The values of the parameters by path, checked as `load_checkpoint` does.

    Raises:
        FileNotFoundError: if there is neither this file nor one before it.
        CheckpointError: if none can be used; says why.
    """
    return load_checkpoint(path).parameters


def _check_fit(found: Mapping[str, Any], needed: Mapping[str, Any]) -> None:
    differences = [
        f"{path}: {_described(found.get(path))} in the file, "
        f"{_described(needed.get(path))} in the model"
        for path in sorted({*found, *needed})
        if _described(found.get(path)) != _described(needed.get(path))
    ]
    if differences:
        raise CheckpointError(
            "it does not fit the model:\n  " + "\n  ".join(differences) + "\n"
            "build the model as it was when the file was written, or take what fits by "
            "load_parameters"
        )


def _described(array: Any) -> str:
    return "absent" if array is None else f"{array.dtype} {tuple(array.shape)}"
