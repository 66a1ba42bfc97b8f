"""How a run is asked to stop from outside: ^C and SIGTERM."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_NAMES = {signal.SIGINT: "^C", signal.SIGTERM: "SIGTERM"}


class TrainingInterrupted(SystemExit):
    """A run was interrupted by ^C or SIGTERM, after its running batch and all extensions.

    It is a `SystemExit`: a script that does not catch it ends quietly with the exit status that
    shells use for the signal, 130 for ^C and 143 for SIGTERM, and does not go on as if the
    training were complete.

    Args:
        number: the signal.
        message: what happened, in one line.
    """

    def __init__(self, number: signal.Signals, message: str) -> None:
        super().__init__(128 + number)
        self.signal = number
        self.message = message

    def __str__(self) -> str:
        return self.message


class StopSignals:
    """A context in which the first ^C or SIGTERM is only noted, and the second stops at once.

    The handlers that were there before are put back on leaving the context, and at the second
    signal, which raises `KeyboardInterrupt` where the program stands. Outside of the main thread,
    where Python allows no signal handlers, nothing is touched; so are signals that are ignored.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._originals: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _NAMES:
                original = signal.getsignal(number)
                if original is not None and original is not signal.SIG_IGN:
                    self._originals[number] = original
                    signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        name = _NAMES[signal.Signals(number)]
        if self.received is not None:
            self._restore()
            raise KeyboardInterrupt(f"{name} for the second time")
        self.received = signal.Signals(number)
        # Straight to the descriptor: the handler may have interrupted a write to sys.stderr.
        os.write(2, f"\n{name}: stopping after this batch; once more stops at once\n".encode())

    def _restore(self) -> None:
        while self._originals:
            number, original = self._originals.popitem()
            signal.signal(number, original)
