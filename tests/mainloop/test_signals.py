"""A run that is told to stop ends its batch, tells its extensions, and says so by its status."""

import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from small_graphs import Stream, linear_data, linear_graph

from mainloop import MainLoop, TrainingInterrupted
from mainloop.algorithms import GradientDescent, Scale
from mainloop.extensions import FinishAfter, TrainingExtension

HERE = Path(__file__).parent

SCRIPT = """
import json, os, signal, sys
from small_graphs import Stream, linear_data, linear_graph
from mainloop import MainLoop
from mainloop.algorithms import GradientDescent, Scale
from mainloop.extensions import FinishAfter, TrainingExtension

class Kill(TrainingExtension):
    '''Sends signals to this very process in the middle of the third batch.'''

    def before_batch(self, batch):
        if self.main_loop.status["iterations_done"] == 2:
            for name in sys.argv[1:]:
                os.kill(os.getpid(), getattr(signal, name))

class Tell(TrainingExtension):
    def dispatch(self, moment, *arguments):
        print(moment, self.main_loop.status["iterations_done"], flush=True)

loop = MainLoop(
    GradientDescent(linear_graph(), Scale(0.1)),
    Stream(linear_data(8), 2),
    [Kill(), Tell(), FinishAfter(after_n_epochs=2)],
)
loop.run()
print("the script went on")
"""


def interrupted(*signals):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *signals],
        capture_output=True,
        text=True,
        cwd=HERE,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("name", "status", "shown"), [("SIGINT", 130, "^C"), ("SIGTERM", 143, "SIGTERM")]
)
def test_one_signal_ends_the_batch_tells_the_extensions_and_sets_the_status(name, status, shown):
    result = interrupted(name)

    assert result.returncode == status
    assert result.stdout.splitlines()[-3:] == ["before_batch 2", "after_batch 3", "on_interrupt 3"]
    assert f"{shown}: stopping after this batch" in result.stderr
    assert f"interrupted by {name} after 3 batches, 0 epochs" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_signal_stops_at_once():
    result = interrupted("SIGINT", "SIGINT")

    assert "KeyboardInterrupt: ^C for the second time" in result.stderr
    assert result.stdout.splitlines()[-1] == "after_batch 2"
    assert result.returncode in (130, -signal.SIGINT)


class Interrupt(TrainingExtension):
    """Raises a signal once, after this many batches."""

    def __init__(self, after, number=signal.SIGINT):
        super().__init__()
        self.after = after
        self.number = number
        self.handlers = []

    def after_batch(self, batch):
        self.handlers.append(signal.getsignal(signal.SIGINT))
        if self.main_loop.status["iterations_done"] == self.after:
            signal.raise_signal(self.number)


def small_loop(*extensions):
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    return MainLoop(algorithm, Stream(linear_data(8), 2, seed=1), extensions)


def test_an_interrupted_run_can_be_run_on():
    interrupted = small_loop(Interrupt(3), FinishAfter(after_n_epochs=2))
    straight = small_loop(FinishAfter(after_n_epochs=2))

    with pytest.raises(TrainingInterrupted, match="after 3 batches") as caught:
        interrupted.run()
    interrupted.run()
    straight.run()

    assert caught.value.signal == signal.SIGINT
    assert caught.value.code == 130
    assert interrupted.status == straight.status
    assert (
        interrupted.algorithm.values["/linear.W"].tolist()
        == straight.algorithm.values["/linear.W"].tolist()
    )


@pytest.mark.parametrize("after", [3, 100])
def test_the_handlers_of_before_are_put_back(after):
    def handler(number, frame):
        raise AssertionError("never called")

    original = signal.signal(signal.SIGINT, handler)
    interrupt = Interrupt(after)
    try:
        with suppress(TrainingInterrupted):
            small_loop(interrupt, FinishAfter(after_n_epochs=2)).run()
        assert signal.getsignal(signal.SIGINT) is handler
        assert handler not in interrupt.handlers
    finally:
        signal.signal(signal.SIGINT, original)


def test_the_handlers_are_put_back_after_an_error():
    original = signal.getsignal(signal.SIGTERM)

    class Fail(TrainingExtension):
        def after_batch(self, batch):
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        small_loop(Fail()).run()

    assert signal.getsignal(signal.SIGTERM) is original


def test_in_another_thread_a_run_touches_no_handlers():
    handlers = []

    class Look(TrainingExtension):
        def after_batch(self, batch):
            handlers.append(signal.getsignal(signal.SIGINT))

    loop = small_loop(Look(), FinishAfter(after_n_epochs=1))
    original = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=loop.run)

    thread.start()
    thread.join()

    assert loop.status["epochs_done"] == 1
    assert set(handlers) == {original}


def test_a_signal_that_is_ignored_stays_ignored():
    original = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        loop = small_loop(Interrupt(1), FinishAfter(after_n_epochs=1))
        loop.run()
    finally:
        signal.signal(signal.SIGINT, original)

    assert loop.status["epochs_done"] == 1
