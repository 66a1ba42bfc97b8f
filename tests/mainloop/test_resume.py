"""A run that is stopped at any batch and goes on elsewhere gives every bit of one that was not."""

import json
import random

import numpy as np
import pytest
from small_graphs import Stream, linear_data, linear_graph

from mainloop import MainLoop
from mainloop.algorithms import Adam, GradientDescent
from mainloop.extensions import (
    DataStreamMonitoring,
    FinishAfter,
    FinishIfNoImprovementAfter,
    SimpleExtension,
    TrackTheBest,
    TrainingDataMonitoring,
)
from mainloop.monitoring import Maximum


class Keeper(SimpleExtension):
    """Keeps every state of the run, in the order taken."""

    runs_last = True

    def __init__(self):
        super().__init__(after_batch=True, after_epoch=True, after_training=True)
        self.states = []

    def do(self, which_callback, *args):
        self.states.append(self.main_loop.state_dict())


def make_loop(keeper=None):
    """Noise in the cost, a short last batch, records of several periods, and early stopping."""
    algorithm = GradientDescent(linear_graph(noise=0.1), Adam(0.05), seed=3)
    extensions = [
        TrainingDataMonitoring(["cost", "total_gradient_norm"], "train", after_epoch=True),
        TrainingDataMonitoring(
            ["cost", Maximum("errors", "worst")], "often", name="often", every_n_batches=2
        ),
        DataStreamMonitoring(linear_graph(), Stream(linear_data(7, 5), 3, seed=2), prefix="valid"),
        TrackTheBest("valid_cost"),
        FinishIfNoImprovementAfter("valid_cost_best_so_far", epochs=3),
        FinishAfter(after_n_epochs=3),
    ]
    stream = Stream(linear_data(10), 4, seed=1)
    return MainLoop(algorithm, stream, [*extensions, *([keeper] if keeper else [])])


def final_state(loop):
    state = loop.state_dict()
    state["log"] = loop.log.rows(notes=False)
    return json.dumps(state, default=lambda array: [str(array.dtype), array.tolist()])


@pytest.fixture(scope="module")
def straight():
    keeper = Keeper()
    loop = make_loop(keeper)
    loop.run()
    loop.extensions.remove(keeper)
    return final_state(loop), keeper.states


def finished_from(state, loop, expected):
    """The final state of a loop that goes on from `state`."""
    loop.load_state_dict(state)
    loop.run()
    loop.finish_reason = json.loads(expected)["finish_reason"]
    return final_state(loop)


@pytest.mark.parametrize("moment", [1, 3, 6])
def test_a_new_loop_goes_on_exactly(straight, moment):
    expected, states = straight

    assert finished_from(states[moment], make_loop(), expected) == expected


def test_a_loop_that_did_something_else_goes_on_exactly_from_any_moment(straight):
    expected, states = straight
    assert len(states) == 13  # 3 epochs of 3 batches, 3 ends of epochs, the end
    loop = make_loop()

    for state in random.Random(1).sample(states, len(states)):
        assert finished_from(state, loop, expected) == expected


def test_a_finished_run_with_a_larger_limit_goes_on():
    keeper = Keeper()
    first = MainLoop(
        GradientDescent(linear_graph(), Adam(0.05)),
        Stream(linear_data(8), 4, seed=1),
        [FinishAfter(after_n_epochs=2), keeper],
    )
    first.run()
    second = MainLoop(
        GradientDescent(linear_graph(), Adam(0.05)),
        Stream(linear_data(8), 4, seed=1),
        [FinishAfter(after_n_epochs=3)],
    )
    second.load_state_dict(keeper.states[-1])

    second.run()

    assert second.status["epochs_done"] == 3


def test_a_finished_run_that_is_loaded_finishes_at_once():
    keeper = Keeper()
    loop = make_loop(keeper)
    loop.run()
    again = make_loop()
    again.load_state_dict(keeper.states[-1])

    again.run()

    assert again.status["iterations_done"] == loop.status["iterations_done"]


def test_the_seed_of_the_state_wins_over_that_of_the_algorithm():
    def train(algorithm, count):
        for _ in range(count):
            algorithm.process_batch(linear_data())
        return algorithm

    straight = train(GradientDescent(linear_graph(noise=0.1), Adam(0.05), seed=3), 4)
    state = train(GradientDescent(linear_graph(noise=0.1), Adam(0.05), seed=3), 2).state_dict()
    resumed = GradientDescent(linear_graph(noise=0.1), Adam(0.05), seed=4)
    resumed.load_state_dict(state)

    train(resumed, 2)

    np.testing.assert_array_equal(resumed.values["/linear.W"], straight.values["/linear.W"])


def test_changed_hyperparameters_are_part_of_the_state():
    algorithm = GradientDescent(linear_graph(), Adam(0.05))
    algorithm.hyperparameters["learning_rate"] = 0.5
    resumed = GradientDescent(linear_graph(), Adam(0.05))

    resumed.load_state_dict(algorithm.state_dict())

    assert resumed.hyperparameters["learning_rate"] == 0.5


def test_a_state_taken_earlier_is_left_alone_by_later_steps():
    algorithm = GradientDescent(linear_graph(), Adam(0.05))
    algorithm.process_batch(linear_data())
    state = algorithm.state_dict()
    before = state["values"]["/linear.W"].copy()

    for _ in range(3):
        algorithm.process_batch(linear_data())

    np.testing.assert_array_equal(state["values"]["/linear.W"], before)
