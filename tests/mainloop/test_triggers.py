"""Extensions act when their triggers say so, once a moment, and know a misspelt trigger."""

import pytest
from small_graphs import Stream, linear_data, linear_graph

from mainloop import MainLoop
from mainloop.algorithms import GradientDescent, Scale
from mainloop.extensions import FinishAfter, OnLogRecord, SimpleExtension, TrainingExtension


class Scribe(SimpleExtension):
    """Writes down when it acted, at which iteration, and with which arguments."""

    def __init__(self, **triggers):
        super().__init__(**triggers)
        self.pages = []

    def do(self, which_callback, *args):
        place = self.main_loop.status["iterations_done"]
        self.pages.append((which_callback, place, *[arg for arg in args if isinstance(arg, str)]))


def run(*extensions, epochs=3):
    """Three batches an epoch."""
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    extensions = [*extensions, FinishAfter(after_n_epochs=epochs)]
    loop = MainLoop(algorithm, Stream(linear_data(9), 3), extensions)
    loop.run()
    return loop


@pytest.mark.parametrize(
    ("triggers", "expected"),
    [
        ({"before_training": True}, [("before_training", 0)]),
        ({"before_first_epoch": True}, [("before_epoch", 0)]),
        ({"before_epoch": True}, [("before_epoch", 0), ("before_epoch", 3), ("before_epoch", 6)]),
        ({"after_epoch": True}, [("after_epoch", 3), ("after_epoch", 6), ("after_epoch", 9)]),
        ({"after_epoch": False}, []),
        ({"every_n_epochs": 2}, [("after_epoch", 6)]),
        ({"every_n_batches": 4}, [("after_batch", 4), ("after_batch", 8)]),
        ({"after_n_batches": 5}, [("after_batch", 5)]),
        ({"after_n_epochs": 2}, [("after_epoch", 6)]),
        ({"every_n_batches": 0}, []),
        ({"after_training": True}, [("after_training", 9)]),
        ({"on_resumption": True}, []),
    ],
    ids=str,
)
def test_a_trigger_acts_at_its_moments(triggers, expected):
    scribe = Scribe(**triggers)

    run(scribe)

    assert scribe.pages == expected


def test_triggers_that_coincide_act_once():
    scribe = Scribe(after_batch=True, every_n_batches=4, after_n_batches=4)

    run(scribe)

    assert scribe.pages == [("after_batch", number) for number in range(1, 10)]


def test_after_n_acts_once_when_n_was_passed():
    scribe = Scribe(after_n_batches=2)
    loop = run(epochs=1)
    scribe.main_loop = loop
    loop.extensions = [scribe, FinishAfter(after_n_epochs=2)]
    loop.extensions[1].main_loop = loop

    loop.run()

    assert scribe.pages == [("after_batch", 4)]


def test_after_n_does_not_act_again_in_a_run_that_goes_on():
    state = Scribe(after_n_batches=2).state_dict() | {"fired": ["after_n_batches=2"]}
    scribe = Scribe(after_n_batches=2)
    scribe.load_state_dict(state)

    run(scribe)

    assert scribe.pages == []


def test_a_misspelt_trigger_is_an_error_that_shows_the_near_ones():
    with pytest.raises(TypeError, match="'every_n_batch'.*did you mean every_n_batches"):
        Scribe(every_n_batch=3)


@pytest.mark.parametrize("number", [True, 2.5, -1])
def test_a_count_must_be_a_whole_number(number):
    with pytest.raises(ValueError, match=f"every_n_batches={number} must be a whole number"):
        Scribe(every_n_batches=number)


def test_set_conditions_replaces_all_triggers():
    scribe = Scribe(after_batch=True).set_conditions(after_epoch=True)

    run(scribe, epochs=1)

    assert scribe.pages == [("after_epoch", 3)]


def test_a_condition_acts_with_its_arguments_where_its_predicate_holds():
    scribe = Scribe().add_condition(
        ["after_batch"], lambda log: log.status["iterations_done"] == 2, ("best.h5",)
    )

    run(scribe)

    assert scribe.pages == [("after_batch", 2, "best.h5")]


def test_conditions_with_different_arguments_act_once_each():
    scribe = Scribe(after_epoch=True)
    scribe.add_condition(["after_epoch"], arguments=("copy",))
    scribe.add_condition(["after_epoch"], arguments=("copy",))

    run(scribe, epochs=1)

    assert scribe.pages == [("after_epoch", 3), ("after_epoch", 3, "copy")]


def test_a_record_in_the_log_can_be_the_predicate():
    class Notice(TrainingExtension):
        def after_batch(self, batch):
            if self.main_loop.status["iterations_done"] == 2:
                self.main_loop.log.current_row["found"] = True

    scribe = Scribe().add_condition(["after_batch"], OnLogRecord("found"))

    run(Notice(), scribe)

    assert scribe.pages == [("after_batch", 2)]


def test_a_condition_at_an_unknown_moment_is_an_error():
    with pytest.raises(ValueError, match="no moment 'after_epochs'.*did you mean after_epoch"):
        Scribe().add_condition(["after_epochs"])


def test_the_moments_of_a_condition_are_a_list():
    with pytest.raises(TypeError, match=r"sequence of names: \['after_epoch'\]"):
        Scribe().add_condition("after_epoch")


def test_finish_after_finishes_at_once_if_its_number_is_passed():
    loop = run(epochs=2)
    loop.extensions = [FinishAfter(after_n_batches=4)]
    loop.extensions[0].main_loop = loop

    loop.run()

    assert loop.status["iterations_done"] == 6
