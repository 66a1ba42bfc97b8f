"""The best is noticed, patience ends, and the run ends with the best parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainloop import MainLoop
from mainloop.algorithms.base import AbstractTrainingAlgorithm
from mainloop.checkpoint import load_checkpoint, load_parameters, save_checkpoint
from mainloop.extensions import (
    Checkpoint,
    FinishAfter,
    FinishIfNoImprovementAfter,
    Load,
    RestoreTheBest,
    TrackTheBest,
    TrainingExtension,
)


class Counting(AbstractTrainingAlgorithm):
    """Adds one to its only parameter for every batch."""

    def __init__(self):
        self.count = np.zeros((), np.float32)
        self.written = None

    @property
    def steps_done(self):
        return int(self.count)

    @property
    def values(self):
        return {"/count": self.count.copy()}

    def set_values(self, values):
        self.count = np.array(values["/count"])

    def write_back(self):
        self.written = self.count.copy()

    def initialize(self):
        pass

    def process_batch(self, batch):
        self.count += 1

    def state_dict(self):
        return self.values

    def load_state_dict(self, state):
        self.set_values(state)


class Batches:
    """Epochs of a number of empty batches."""

    sources = ()

    def __init__(self, number):
        self.number, self.done, self.goes_on = number, 0, False

    def get_epoch_iterator(self, as_dict=False):
        self.done = self.done if self.goes_on else 0
        self.goes_on = False
        return self._rest()

    def _rest(self):
        while self.done < self.number:
            self.done += 1
            yield {}

    def state_dict(self):
        return {"done": self.done}

    def load_state_dict(self, state):
        self.done, self.goes_on = state["done"], state["done"] > 0

    def close(self):
        pass


class Validate(TrainingExtension):
    """Records the errors it was given, one after each epoch; None is a missing record."""

    def __init__(self, errors):
        super().__init__()
        self.errors = errors

    def after_epoch(self):
        error = self.errors[self.main_loop.status["epochs_done"] - 1]
        if error is not None:
            self.main_loop.log.current_row["error"] = error


def run(errors, *extensions, batches=1):
    main_loop = MainLoop(
        Counting(),
        Batches(batches),
        [
            *extensions[:1],
            Validate(errors),
            *extensions[1:],
            FinishAfter(after_n_epochs=len(errors)),
        ],
    )
    main_loop.run()
    return main_loop


NOTHING = TrainingExtension()


def notified(main_loop, name="error_best_so_far"):
    """The epochs in whose row the notification is true."""
    return [row["epochs_done"] for row in main_loop.log.rows() if row.get(name)]


def test_only_what_is_strictly_better_is_the_best_so_far():
    main_loop = run([0.5, 0.5, 0.3, 0.4, 0.3, 0.2], NOTHING, TrackTheBest("error"))

    assert notified(main_loop) == [1, 3, 6]
    assert main_loop.status["best_error"] == 0.2


def test_the_best_may_be_the_largest():
    main_loop = run([0.5, 0.7, 0.6, 0.9], NOTHING, TrackTheBest("error", choose_best=max))

    assert notified(main_loop) == [1, 2, 4]


def test_nan_is_never_the_best_and_a_missing_record_is_passed_over():
    main_loop = run([math.nan, 0.5, math.nan, None, 0.4], NOTHING, TrackTheBest("error"))

    assert notified(main_loop) == [2, 5]
    assert main_loop.status["best_error"] == 0.4


def test_the_notification_can_have_a_name_of_its_own():
    main_loop = run([0.5, 0.6], NOTHING, TrackTheBest("error", "hurrah"))

    assert notified(main_loop, "hurrah") == [1]


@settings(max_examples=60, deadline=None)
@given(errors=st.lists(st.floats(allow_nan=False), min_size=1, max_size=12))
def test_the_best_is_the_running_minimum(errors):
    main_loop = run(errors, TrainingExtension(), TrackTheBest("error"))

    running = np.minimum.accumulate(errors)
    assert main_loop.status["best_error"] == running[-1]
    assert notified(main_loop) == [
        epoch + 1
        for epoch in range(len(errors))
        if epoch == 0 or errors[epoch] < running[epoch - 1]
    ]


def patient(errors, batches=1, **patience):
    return run(
        errors,
        NOTHING,
        TrackTheBest("error"),
        FinishIfNoImprovementAfter("error_best_so_far", **patience),
        batches=batches,
    )


def test_the_run_finishes_when_so_many_epochs_brought_nothing():
    main_loop = patient([0.5, 0.4, 0.6, 0.4, 0.5, 0.1], epochs=3)

    assert main_loop.status["epochs_done"] == 5
    left = [row["error_best_so_far_patience_epochs"] for row in main_loop.log.rows()]
    assert left == [3, 3, 2, 1, 0]


def test_a_patience_in_batches_that_no_epoch_ends_at_is_passed_and_finishes_the_run():
    # Epochs of 10 batches: 25 without improvement are over at the end of the third.
    main_loop = patient([0.5] * 9, iterations=25, batches=10)

    assert main_loop.status["iterations_done"] == 40
    left = [row["error_best_so_far_patience_iterations"] for row in main_loop.log.rows()]
    assert left == [25, 15, 5, -5]


def test_patience_looked_at_after_every_batch_sees_what_an_epoch_found():
    main_loop = run(
        [0.5, 0.4, 0.6, 0.6, 0.6],
        NOTHING,
        TrackTheBest("error"),
        FinishIfNoImprovementAfter(
            "error_best_so_far", iterations=12, after_epoch=False, after_batch=True
        ),
        batches=10,
    )

    assert main_loop.status["iterations_done"] == 20 + 12


def test_before_the_first_improvement_there_is_no_end_of_patience():
    main_loop = patient([None, None, None, None], epochs=1)

    assert main_loop.status["epochs_done"] == 4


@pytest.mark.parametrize("patience", [{}, {"iterations": 2, "epochs": 2}, {"epochs": 0}])
def test_exactly_one_patience_must_be_given(patience):
    with pytest.raises(ValueError, match="give exactly one of them, at least 1"):
        FinishIfNoImprovementAfter("error_best_so_far", **patience)


def test_a_run_that_lost_patience_goes_on_when_it_is_loaded_with_more(tmp_path):
    def some(epochs, *first):
        return run(
            [0.5, 0.6, 0.7, 0.4, 0.6, 0.6, 0.6],
            *(first or (TrainingExtension(),)),
            TrackTheBest("error"),
            FinishIfNoImprovementAfter("error_best_so_far", epochs=epochs),
            Checkpoint(tmp_path / "c.h5"),
        )

    assert some(2).status["epochs_done"] == 3
    assert some(2, Load(tmp_path / "c.h5")).status["epochs_done"] == 3

    assert some(3, Load(tmp_path / "c.h5")).status["epochs_done"] == 7


def test_the_run_ends_with_the_best_parameters_in_the_model_and_in_the_checkpoint(tmp_path):
    best = RestoreTheBest("error_best_so_far")

    main_loop = run(
        [0.5, 0.2, 0.4, 0.3], NOTHING, TrackTheBest("error"), best, Checkpoint(tmp_path / "c.h5")
    )

    assert main_loop.algorithm.values["/count"] == 2.0
    assert main_loop.algorithm.written == 2.0
    assert (best.iteration, best.epoch) == (2, 2)
    assert load_parameters(tmp_path / "c.h5")["/count"] == 2.0
    assert main_loop.log[4]["restored_iteration"] == 2


def test_the_best_found_before_a_resumption_is_restored_after_it(tmp_path):
    path = tmp_path / "c.h5"

    class PowerFailure(TrainingExtension):
        runs_last = True

        def after_epoch(self):
            if self.main_loop.status["epochs_done"] == 3:
                raise RuntimeError("power failure")

    def some(*extensions):
        return run([0.5, 0.2, 0.4, 0.3], *extensions)

    def keep():
        return TrackTheBest("error"), RestoreTheBest("error_best_so_far"), Checkpoint(path)

    with pytest.raises(RuntimeError, match="power failure"):
        some(NOTHING, *keep(), PowerFailure())
    assert load_parameters(path)["/count"] == 3.0

    resumed = some(Load(path), *keep())

    assert resumed.algorithm.values["/count"] == 2.0


def test_a_finished_run_with_its_best_restored_goes_on_from_its_last_values(tmp_path):
    path = tmp_path / "c.h5"

    def some(errors, *first):
        return run(
            errors,
            *first,
            TrackTheBest("error"),
            RestoreTheBest("error_best_so_far"),
            Checkpoint(path),
        )

    some([0.5, 0.2, 0.4], TrainingExtension())
    assert load_parameters(path)["/count"] == 2.0

    goes_on = some([0.5, 0.2, 0.4, 0.1], Load(path))

    # Four epochs of one batch: had training gone on from the restored values, it were three.
    assert goes_on.algorithm.values["/count"] == 4.0


def test_without_a_best_the_last_parameters_stay():
    main_loop = run([None, None], NOTHING, RestoreTheBest("error_best_so_far"))

    assert main_loop.algorithm.values["/count"] == 2.0


def test_the_checkpoint_at_the_end_of_an_epoch_holds_what_extensions_recorded_then(tmp_path):
    path = tmp_path / "c.h5"

    run([0.5, 0.4], Checkpoint(path, after_training=False), TrackTheBest("error"))

    (row,) = [row for row in load_checkpoint(path).state["log"]["rows"] if row["iteration"] == 2]
    assert row["results"]["error_best_so_far"] is True
    save_checkpoint(path, {}, {})  # the lock is gone with the run
