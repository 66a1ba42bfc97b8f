"""What a person sees of a run: printed records, the bar, the times."""

import io
import itertools

import numpy as np
import pytest
from small_graphs import Graph, Parameter, Stream, linear_data, linear_graph

from mainloop import MainLoop
from mainloop.algorithms import GradientDescent, Scale
from mainloop.extensions import (
    DataStreamMonitoring,
    FinishAfter,
    Printing,
    ProgressBar,
    SimpleExtension,
    Timing,
)
from mainloop.extensions.progress_bar import epoch_length


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self):
        return True


class Record(SimpleExtension):
    """Records numbers."""

    def do(self, which_callback, *args):
        row = self.main_loop.log.current_row
        row["cost"], row["accuracy"], row["_hidden"] = 0.123456789, 1, 5


def run(*extensions, epochs=1, stream=None):
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    extensions = [*extensions, FinishAfter(after_n_epochs=epochs)]
    loop = MainLoop(algorithm, stream or Stream(linear_data(8), 4), extensions)
    loop.run()
    return loop


def test_records_are_printed_by_name_without_the_hidden_ones():
    file = io.StringIO()

    run(Record(after_epoch=True), Printing(file))

    assert file.getvalue().splitlines() == [
        "--- before epoch (epochs done: 0, iterations done: 0)",
        "--- after epoch (epochs done: 1, iterations done: 2)",
        "    accuracy  1",
        "    cost      0.123457",
        "--- training is finished (epochs done: 1, iterations done: 2)",
        "    accuracy                   1",
        "    cost                       0.123457",
        "    training_finish_requested  1 epochs are done",
    ]


def test_printing_goes_to_standard_output_at_the_moments_of_choice(capsys):
    run(Printing(after_epoch=False, before_first_epoch=False))

    assert capsys.readouterr().out.startswith("--- training is finished")


def test_without_a_terminal_there_is_one_line_an_epoch():
    file = io.StringIO()

    run(ProgressBar(file), epochs=2)

    lines = file.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch 1: 2 batches", "epoch 2: 2 batches"]
    assert all("examples/s, cost " in line for line in lines)


def test_on_a_terminal_a_bar_shows_epoch_batches_cost_and_speed():
    file = Terminal()

    run(ProgressBar(file), epochs=2)

    shown = file.getvalue()
    for text in ("epoch 1", "epoch 2", "2/?", "2/2", "cost ", "examples/s"):
        assert text in shown


def test_where_the_sources_disagree_about_the_examples_batches_a_second_are_shown():
    def fn(values, batch, key):
        return {"cost": values["/a"] * batch["x"].mean() * batch["y"].mean()}, {}

    class TimeFirst(Stream):
        def _batches(self):
            yield {"x": np.ones((5, 3), np.float32), "y": np.ones(3, np.float32)}

    file = io.StringIO()
    algorithm = GradientDescent(Graph(fn, [Parameter("/a", np.float32(1))], ["x", "y"]), Scale())
    stream = TimeFirst({"x": None, "y": None}, 1)

    MainLoop(algorithm, stream, [ProgressBar(file), FinishAfter(after_n_epochs=1)]).run()

    assert "batches/s" in file.getvalue()
    assert "examples/s" not in file.getvalue()


class Scheme:
    indices = range(10)
    batch_size = 4


def test_the_length_of_an_epoch_comes_from_the_scheme_below_the_transformers():
    stream, transformer = Stream({}, 1), Stream({}, 1)
    stream.iteration_scheme, transformer.data_stream = Scheme(), stream

    assert epoch_length(transformer) == 3
    assert epoch_length(Stream({}, 1)) is None


def test_times_are_notes_that_add_up():
    timing = Timing(prefix="my")

    loop = run(timing, epochs=3)

    rows = [loop.log[end] for end in (2, 4, 6)]
    totals = list(itertools.accumulate(row["my_time_train_this_epoch"] for row in rows))
    assert [row["my_time_train_total"] for row in rows] == pytest.approx(totals)
    assert all(row["my_time_read_data_this_epoch"] >= 0 for row in rows)
    assert loop.log[0]["time_initialization"] >= 0
    assert not [name for row in loop.log.rows(notes=False) for name in row if "time_" in name]


def test_an_epoch_of_monitoring_leaves_the_bar_alone():
    file = Terminal()
    monitoring = DataStreamMonitoring(linear_graph(), Stream(linear_data(4), 2), prefix="valid")

    loop = run(ProgressBar(file), monitoring)

    assert "valid_cost" in loop.log[2]
    assert "2/" in file.getvalue()
