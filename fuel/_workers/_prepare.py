"""From a stream to workers that can make its items: all that they are to know is packed."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from fuel._workers import _parcel
from fuel._workers._describe import DescriptionError
from fuel._workers._lifeline import is_child
from fuel._workers._process import WorkerSettings
from fuel._workers._workers import Workers
from fuel.config_parser import config

__all__ = ["prepare_workers", "refuse_in_worker"]


def prepare_workers(
    stream: Any, count: int, *, whole: bool, depth: int, slots: int, timeout: float | None
) -> Workers:
    """Workers that know the stream; no process is started yet.

    Args:
        stream: whose items are wanted.
        count: how many workers.
        whole: whether one runs the stream as a whole, rather than all by requests.
        depth: results that each prepares ahead.
        slots: slots of each ring.
        timeout: seconds that a result may take; None for ever.

    Raises:
        DescriptionError: if the stream, or what was assigned to `fuel.config`, cannot be described
            to another process.
        RuntimeError: if this process is a worker itself.
    """
    refuse_in_worker()
    assigned = _as_json(config.assigned())
    parcel, needs_script = _parcel.pack(stream)
    script = os.path.abspath(sys.modules["__main__"].__file__ or "") if needs_script else None
    settings = WorkerSettings(parcel, whole, script, count, depth, slots, timeout, assigned)
    return Workers(settings, count)


def refuse_in_worker() -> None:
    """Let no worker have workers.

    Raises:
        RuntimeError: if this process is one.
    """
    if is_child():
        raise RuntimeError(
            "a worker process was about to start workers of its own. If a script made it do "
            'so, let the script do its work under `if __name__ == "__main__":`; if there is a '
            "MultiProcessing within another, leave one of them out"
        )


def _as_json(settings: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(settings)))
    except TypeError as error:
        raise DescriptionError(
            f"the settings {settings} were assigned to fuel.config, but not all of them can be "
            f"sent to a worker process ({error}); assign numbers and strings, or use workers=0"
        ) from error
