"""Work done behind training's back, one piece at a time."""

import threading
from collections.abc import Callable


class BackgroundWriter:
    """Runs one task at a time in a thread; what goes wrong is told when it is next asked.

    The interpreter waits for a task that is under way when it ends.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def submit(self, task: Callable[[], None]) -> None:
        """Begin a task; `wait` must have been called since the last one."""
        assert self._thread is None
        self._thread = threading.Thread(target=self._run, args=(task,), name="checkpoint-writer")
        self._thread.start()

    def wait(self) -> Exception | None:
        """Wait for the task under way, and return what went wrong with it."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        return error

    def _run(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:
            self._error = error
