"""The loop tells its extensions of every moment, in order, and stops when it is asked to."""

import numpy as np
import pytest
from small_graphs import Graph, Parameter, Stream, linear_data, linear_graph

from mainloop import MainLoop, NotFiniteError
from mainloop.algorithms import Adam, GradientDescent, Scale
from mainloop.checkpoint import load_checkpoint
from mainloop.extensions import Checkpoint, FinishAfter, SimpleExtension, TrainingExtension
from mainloop.extensions.base import MOMENTS
from mainloop.log import TrainingLog


class Diary(TrainingExtension):
    """Writes down every moment, with the iterations and epochs done then."""

    def __init__(self, name=None, pages=None):
        super().__init__(name)
        self.pages = [] if pages is None else pages

    def dispatch(self, moment, *arguments):
        status = self.main_loop.status
        self.pages.append((moment, status["iterations_done"], status["epochs_done"]))


class At(SimpleExtension):
    """Calls a function of the main loop."""

    def __init__(self, function, **triggers):
        super().__init__(**triggers)
        self.function = function

    def do(self, which_callback, *args):
        self.function(self.main_loop)


def small_loop(*extensions, examples=8, batch_size=4, graph=None, rule=None, log=None):
    algorithm = GradientDescent(graph or linear_graph(), rule or Scale(0.1))
    return MainLoop(algorithm, Stream(linear_data(examples), batch_size, seed=1), extensions, log)


def test_moments_come_in_the_order_of_the_design():
    diary = Diary()

    small_loop(diary, FinishAfter(after_n_epochs=2)).run()

    assert diary.pages == [
        ("before_training", 0, 0),
        ("before_epoch", 0, 0),
        ("before_batch", 0, 0),
        ("after_batch", 1, 0),
        ("before_batch", 1, 0),
        ("after_batch", 2, 0),
        ("after_epoch", 2, 1),
        ("before_epoch", 2, 1),
        ("before_batch", 2, 1),
        ("after_batch", 3, 1),
        ("before_batch", 3, 1),
        ("after_batch", 4, 1),
        ("after_epoch", 4, 2),
        ("after_training", 4, 2),
    ]


def test_within_a_moment_extensions_act_in_list_order_but_those_that_run_last():
    order = []

    class Last(At):
        runs_last = True

    small_loop(
        Last(lambda loop: order.append("last"), after_training=True),
        At(lambda loop: order.append("first"), after_training=True),
        At(lambda loop: order.append("second"), after_training=True),
        FinishAfter(after_n_batches=1),
    ).run()

    assert order == ["first", "second", "last"]


def test_a_run_finished_inside_an_epoch_goes_on_inside_it():
    diary = Diary()
    stop = At(lambda loop: loop.finish("enough"), after_n_batches=1, after_n_epochs=1)
    loop = small_loop(diary, stop)
    loop.run()
    diary.pages.clear()

    loop.run()

    assert diary.pages == [
        ("before_training", 1, 0),
        ("on_resumption", 1, 0),
        ("before_batch", 1, 0),
        ("after_batch", 2, 0),
        ("after_epoch", 2, 1),
        ("after_training", 2, 1),
    ]


def test_two_runs_of_half_the_batches_give_the_bits_of_one():
    whole, halves = (small_loop(examples=20, batch_size=4, rule=Adam(0.1)) for _ in range(2))
    for loop, limits in ((whole, [14]), (halves, [3, 8, 14])):
        for limit in limits:
            stop = At(lambda loop: loop.finish("enough"), after_n_batches=limit)
            stop.main_loop = loop
            loop.extensions = [stop]
            loop.run()

    assert halves.status["iterations_done"] == 14
    np.testing.assert_array_equal(
        halves.algorithm.values["/linear.W"], whole.algorithm.values["/linear.W"]
    )


def test_an_epoch_without_a_batch_is_an_error():
    with pytest.raises(ValueError, match="epoch 0 .* has no batch"):
        small_loop(examples=0).run()


def test_a_stream_without_another_epoch_finishes_the_run():
    class Once(Stream):
        def get_epoch_iterator(self, as_dict=False):
            if self.epoch == 1:
                raise StopIteration
            return super().get_epoch_iterator(as_dict)

    diary = Diary()
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    MainLoop(algorithm, Once(linear_data(8), 4), [diary]).run()

    assert diary.pages[-1] == ("after_training", 2, 1)


def test_finishing_is_recorded_with_its_reason():
    loop = small_loop(FinishAfter(after_n_batches=3))

    loop.run()

    assert loop.log[3]["training_finish_requested"] == "3 batches are done"


def test_a_record_that_requests_the_finish_is_honoured():
    def request(loop):
        loop.log.current_row["training_finish_requested"] = True

    loop = small_loop(At(request, every_n_batches=3))
    loop.run()

    assert loop.status["iterations_done"] == 3


def test_the_request_of_an_earlier_run_does_not_stop_the_next():
    def request(loop):
        loop.log.current_row["training_finish_requested"] = True

    loop = small_loop(At(request, every_n_batches=2))
    loop.run()
    loop.run()

    assert loop.status["iterations_done"] == 4


def test_parameters_hold_the_trained_values_when_extensions_hear_of_the_end():
    graph = linear_graph()
    seen = []
    loop = small_loop(
        FinishAfter(after_n_batches=3),
        At(lambda loop: seen.append(np.array(graph.parameters[0].value)), after_training=True),
        graph=graph,
    )

    loop.run()

    np.testing.assert_array_equal(seen[0], loop.algorithm.values["/linear.W"])
    assert not np.array_equal(seen[0], [1.0, -2.0, 0.5])


def test_values_chosen_after_training_end_up_in_the_parameters():
    graph = linear_graph()
    best = {"/linear.W": np.full(3, 7, np.float32)}
    loop = small_loop(
        FinishAfter(after_n_batches=1),
        At(lambda loop: loop.algorithm.set_values(best), after_training=True),
        graph=graph,
    )

    loop.run()

    np.testing.assert_array_equal(graph.parameters[0].value, [7, 7, 7])


class Faulty(Stream):
    """Fails instead of giving the batch of this number."""

    def __init__(self, data, batch_size, fails_at):
        super().__init__(data, batch_size)
        self.fails_at = fails_at

    def _batches(self):
        for number, batch in enumerate(super()._batches()):
            if number == self.fails_at:
                raise OSError("the disk is gone")
            yield batch


def test_the_next_batch_is_fetched_while_a_step_is_computed():
    fetched = []

    class Noted(Stream):
        def _batches(self):
            for batch in super()._batches():
                fetched.append(self.step)
                yield batch

    seen = []
    MainLoop(
        GradientDescent(linear_graph(), Scale(0.1)),
        Noted(linear_data(12), 4),
        [
            At(lambda loop: seen.append(list(fetched)), after_batch=True),
            FinishAfter(after_n_epochs=1),
        ],
    ).run()

    assert seen == [[1, 2], [1, 2, 3], [1, 2, 3]]


def test_a_model_is_kept_at_hand():
    model = object()

    loop = MainLoop(
        GradientDescent(linear_graph(), Scale(0.1)), Stream(linear_data(4), 4), model=model
    )

    assert loop.model is model


def test_an_error_of_the_stream_comes_after_the_batches_before_it():
    diary = Diary()
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    loop = MainLoop(algorithm, Faulty(linear_data(12), 4, fails_at=2), [diary])

    with pytest.raises(OSError, match="the disk is gone"):
        loop.run()

    assert [page[0] for page in diary.pages[-3:]] == ["before_batch", "after_batch", "on_error"]
    assert loop.status["iterations_done"] == 2


def test_a_run_that_failed_for_want_of_a_batch_can_be_run_on_exactly():
    failed, straight = (
        MainLoop(
            GradientDescent(linear_graph(), Adam(0.1)), stream, [FinishAfter(after_n_epochs=2)]
        )
        for stream in (
            Faulty(linear_data(20), 4, fails_at=2),
            Stream(linear_data(20), 4),
        )
    )
    with pytest.raises(OSError, match="the disk is gone"):
        failed.run()
    failed.data_stream.fails_at = 100

    failed.run()
    straight.run()

    assert failed.status == straight.status
    np.testing.assert_array_equal(
        failed.algorithm.values["/linear.W"], straight.algorithm.values["/linear.W"]
    )


def test_all_extensions_hear_of_an_error_even_if_one_fails_then():
    def fail(loop):
        raise RuntimeError("and this too")

    diary = Diary()
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    stream = Faulty(linear_data(8), 4, fails_at=1)

    with pytest.raises(OSError, match="the disk is gone") as caught:
        MainLoop(algorithm, stream, [At(fail, on_error=True), diary]).run()

    assert "and this too" in caught.value.__notes__[0]
    assert diary.pages[-1][0] == "on_error"


def test_an_extension_is_found_by_its_name():
    loop = small_loop(Diary("one"), Diary("two"), Diary("two"))

    assert loop.find_extension("one").name == "one"
    with pytest.raises(ValueError, match="2 extensions are named 'two'"):
        loop.find_extension("two")


def test_an_extension_without_a_loop_says_so():
    with pytest.raises(ValueError, match="Diary belongs to no main loop yet"):
        _ = Diary().main_loop


def test_the_moments_of_the_design_are_all_there():
    assert set(MOMENTS) == {
        "before_training",
        "before_epoch",
        "before_batch",
        "after_batch",
        "after_epoch",
        "after_training",
        "on_resumption",
        "on_error",
        "on_interrupt",
    }


def poisoned(examples, batch, source="x"):
    """Data in whose given batch of 4, one number of a source is NaN."""
    data = linear_data(examples)
    data[source][4 * batch + 1] = np.nan
    return data


@pytest.mark.parametrize("batch", [0, 5, 100, 300, 399])
@pytest.mark.parametrize(("source", "variable"), [("x", "x"), ("y", "y")])
def test_a_nan_cost_stops_the_run_and_says_where_it_began(batch, source, variable):
    algorithm = GradientDescent(linear_graph(noise=0.01), Adam(0.01))
    stream = Stream(poisoned(1600, batch, source), 4)
    loop = MainLoop(algorithm, stream, [FinishAfter(after_n_epochs=2)])

    message = (
        f"the cost of batch {batch + 1} is nan; "
        f"the first NaN or infinity appeared in {variable}, in batch {batch + 1}"
    )
    with pytest.raises(NotFiniteError, match=message):
        loop.run()


def test_a_nan_after_a_change_of_hyperparameters_is_found_too():
    def explode(loop):
        loop.algorithm.hyperparameters["learning_rate"] = 1e30

    loop = small_loop(At(explode, after_n_batches=7), examples=80)

    # The eighth step makes the values huge; the ninth squares them.
    with pytest.raises(NotFiniteError, match="appeared in /cost, in batch 9"):
        loop.run()


def test_a_nan_that_no_training_step_made_is_told_as_such():
    def spoil(loop):
        loop.algorithm.set_values({"/linear.W": np.full(3, np.nan, np.float32)})

    loop = small_loop(At(spoil, after_n_batches=7), examples=80)

    with pytest.raises(
        NotFiniteError,
        match=r"the cost of batch 8 is nan; the last 20 batches, .* after batch 0, gave none: some",
    ):
        loop.run()


def test_a_gradient_that_is_not_finite_under_a_finite_cost_is_named_too():
    def fn(values, batch, key):
        return {"cost": (values["/a"] ** 2).mean() ** 0.5 + 0 * batch["x"].mean()}, {}

    graph = Graph(
        fn, [Parameter("/a", np.float32(0))], ["x"], variables=lambda values, batch: values
    )
    loop = MainLoop(GradientDescent(graph, Scale(0.1)), Stream({"x": np.zeros((8, 1), "f")}, 4))

    with pytest.raises(NotFiniteError, match="batch 1 had the cost 0, but its gradient made /a"):
        loop.run()


def test_parameters_keep_their_last_good_values_after_a_nan():
    graph = linear_graph()
    loop = MainLoop(GradientDescent(graph, Scale(0.1)), Stream(poisoned(40, 3), 4))

    with pytest.raises(NotFiniteError):
        loop.run()

    np.testing.assert_array_equal(graph.parameters[0].value, [1.0, -2.0, 0.5])


class Keeper(At):
    """Keeps the state of the loop at every batch, after all other extensions."""

    runs_last = True

    def __init__(self, **triggers):
        super().__init__(None, **triggers)
        self.states = {}

    def do(self, which_callback, *args):
        self.states[self.main_loop.status["iterations_done"], which_callback] = (
            self.main_loop.state_dict()
        )


def test_no_state_can_be_taken_once_a_cost_is_nan():
    keeper = Keeper(after_batch=True)
    loop = MainLoop(
        GradientDescent(linear_graph(), Scale(0.1)), Stream(poisoned(40, 3), 4), [keeper]
    )

    with pytest.raises(NotFiniteError):
        loop.run()

    assert sorted(keeper.states) == [(1, "after_batch"), (2, "after_batch"), (3, "after_batch")]


def test_the_checkpoint_before_a_nan_stays(tmp_path):
    path = tmp_path / "checkpoint.h5"
    loop = MainLoop(
        GradientDescent(linear_graph(), Scale(0.1)),
        Stream(poisoned(40, 5), 4),
        [Checkpoint(path, every_n_batches=2)],
    )

    with pytest.raises(NotFiniteError, match="batch 6"):
        loop.run()

    saved = load_checkpoint(path)
    assert saved.state["iterations_done"] == 4
    assert np.isfinite(saved.parameters["/linear.W"]).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"algorithm": Scale(0.1)}, r"the algorithm is Scale\(learning_rate=0.1\)"),
        ({"data_stream": [1, 2]}, r"the data stream is \[1, 2\]; it must have sources"),
        ({"extensions": [FinishAfter]}, "FinishAfter'> is not an extension; .* an instance"),
    ],
)
def test_what_cannot_be_part_of_a_run_is_refused_by_name(wrong, message):
    parts = {
        "algorithm": GradientDescent(linear_graph(), Scale(0.1)),
        "data_stream": Stream(linear_data(4), 4),
    }

    with pytest.raises(TypeError, match=message):
        MainLoop(**{**parts, **wrong})


def test_a_state_of_another_format_is_refused():
    with pytest.raises(ValueError, match="format 99; this version reads format 1"):
        small_loop().load_state_dict({"format": 99})


def test_records_go_to_the_given_log():
    log = TrainingLog()

    small_loop(FinishAfter(after_n_batches=1), log=log).run()

    assert "training_finish_requested" in log[1]
