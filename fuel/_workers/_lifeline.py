"""Processes that start fast, share nothing by accident, and end when their parent does.

A worker is a fresh interpreter, not a fork: JAX's threads and HDF5's locks do not survive one. It
holds one end of a socket pair, its lifeline. When the other end closes, because its parent said so
or died in whatever way, the worker ends; when the worker dies, the parent's end becomes readable.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_BOOT = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
import json
with open(int(sys.argv[1]), "rb", buffering=0, closefd=False) as lifeline:
    line = lifeline.readline()
if not line.endswith(b"\\n"):
    sys.exit()  # the parent let go before it could say anything
settings = json.loads(line)
sys.path[:] = settings["path"]
import importlib
booted_by_fuel = True
importlib.import_module(settings["module"]).main(int(sys.argv[1]), settings)
"""
_BOOTED = "booted_by_fuel"
_PR_SET_PDEATHSIG = 1
_GRACE = 2.0
"""Seconds that a process may take to end by itself when its lifeline is cut."""


class Child:
    """A process that ends with this one.

    A ^C at the terminal does not reach it: the parent decides when it ends.

    Args:
        module: whose `main(lifeline, settings)` it runs.
        settings: JSON values for it.
        descriptors: that it inherits, under the same numbers.
    """

    def __init__(self, module: str, settings: dict[str, Any], descriptors: Sequence[int]) -> None:
        if not sys.executable:
            raise RuntimeError(
                "worker processes need a Python interpreter to run, but sys.executable is empty; "
                "use workers=0"
            )
        self._lifeline, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *descriptors),
                process_group=0,
            )
        settings = {
            **settings,
            "module": module,
            "parent": os.getpid(),
            "path": [path or os.getcwd() for path in sys.path],
        }
        with suppress(OSError):  # it died at once, which whoever waits for it will see
            self._lifeline.sendall(json.dumps(settings).encode() + b"\n")

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def fileno(self) -> int:
        """A descriptor that becomes readable when the process has died."""
        return self._lifeline.fileno()

    def end(self) -> int:
        """End the process, if need be by force, and wait until it is gone.

        Returns:
            Its exit status; minus the signal's number if a signal ended it.
        """
        self._lifeline.close()
        try:
            return self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def kill(self) -> None:
        """End the process by force."""
        self._process.kill()


def is_child() -> bool:
    """Whether this process is a `Child` of another."""
    return _BOOTED in sys.modules["__main__"].__dict__


def end_with_parent(lifeline: int, parent: int) -> None:
    """Make this process end when its parent does; called by the child.

    Two ways, for neither is enough: the lifeline may be held open by a fork of the parent, and
    the kernel's signal comes also when merely the thread that started us ends.
    """
    os.set_inheritable(lifeline, False)
    threading.Thread(target=_wait_for_end, args=(lifeline,), daemon=True).start()
    if sys.platform == "linux":

        def look(*_: Any) -> None:
            if os.getppid() != parent:
                os._exit(1)

        signal.signal(signal.SIGUSR1, look)
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1)
    if os.getppid() != parent:
        os._exit(1)


def _wait_for_end(lifeline: int) -> None:
    while os.read(lifeline, 1):
        continue
    try:
        sys.stdout.flush()
    finally:  # even if nobody reads it any more
        os._exit(0)
