"""The log keeps what was recorded, for others to read at once, and once only after a resumption."""

import json
import math
import random
import sqlite3
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainloop.checkpoint import load_checkpoint, save_checkpoint
from mainloop.log import LogWarning, SQLiteLog, TrainingLog, columns, read_log


@pytest.fixture(params=["memory", "file"])
def log(request, tmp_path):
    return TrainingLog() if request.param == "memory" else SQLiteLog(tmp_path / "log.sqlite")


def at(log, iteration, epochs=0):
    log.status["iterations_done"] = iteration
    log.status["epochs_done"] = epochs
    return log.current_row


def test_looking_at_a_row_does_not_create_it(log):
    assert log.current_row.get("cost") is None
    assert "cost" not in log[7]
    assert dict(log.previous_row) == dict(log.last_epoch_row) == {}

    assert len(log) == 0


def test_a_record_is_found_under_its_iteration_before_and_after_flushing(log):
    at(log, 3)["cost"] = 0.5

    assert log[3]["cost"] == 0.5
    log.flush()
    assert log[3]["cost"] == 0.5
    assert dict(log[3]) == {"cost": 0.5}


def test_current_previous_and_last_epoch_row_follow_the_status(log):
    at(log, 1)["cost"] = 1.0
    at(log, 2, epochs=1)["cost"] = 2.0
    log.status["_epoch_ends"].append(2)
    at(log, 3, epochs=1)["cost"] = 3.0

    assert log.current_row["cost"] == 3.0
    assert log.previous_row["cost"] == 2.0
    assert log.last_epoch_row["cost"] == 2.0


def test_rows_tell_iteration_and_epoch_with_every_record(log):
    at(log, 5, epochs=1)["cost"] = 0.25
    log.current_row.note("time", 12.5)

    place = {"iterations_done": 5, "epochs_done": 1}
    assert log.rows() == [{**place, "cost": 0.25, "time": 12.5}]
    assert log.rows(notes=False) == [{**place, "cost": 0.25}]


def test_a_row_of_notes_alone_is_no_row_when_notes_are_left_out(log):
    at(log, 5).note("time", 12.5)

    assert log.rows(notes=False) == []
    assert len(log.rows()) == 1


def test_a_record_can_be_changed_later_and_removed(log):
    at(log, 1)["cost"] = 1.0
    at(log, 2)["cost"] = 2.0
    at(log, 3)["cost"] = 3.0
    log.flush()

    log[1]["cost"] = 0.5
    del log[2]["cost"]
    log.flush()

    assert [row["cost"] for row in log.rows()] == [0.5, 3.0]
    with pytest.raises(KeyError):
        del log[2]["cost"]


def test_arrays_of_jax_and_numpy_scalars_become_plain_values(log):
    row = at(log, 1)
    row["cost"] = jnp.float32(0.1)
    row["count"] = np.int64(3)
    row["history"] = (np.float32(1), [True, None])
    log.flush()

    assert (type(row["cost"]), row["cost"]) == (float, 0.10000000149011612)
    assert (type(row["count"]), row["count"]) == (int, 3)
    assert row["history"] == [1.0, [True, None]]


@pytest.mark.parametrize("value", [{1, 2}, object(), {3: 4}, [object()]])
def test_what_a_log_cannot_keep_is_refused_by_the_name_of_the_record(log, value):
    with pytest.raises(TypeError, match="record 'thing' is of type"):
        at(log, 1)["thing"] = value


def test_an_array_that_json_does_not_hold_is_refused_with_the_cure(log):
    at(log, 1)["thing"] = jnp.zeros(3, jnp.bfloat16)

    with pytest.raises(TypeError, match=r"bfloat16.*convert it, to float32"):
        log.flush()


@pytest.mark.parametrize("name", ["iterations_done", "epochs_done", 3])
def test_the_names_of_the_rows_place_are_taken(log, name):
    with pytest.raises(ValueError, match="cannot name a record"):
        at(log, 1)[name] = 1


@pytest.mark.parametrize("iteration", [-1, True, "3"])
def test_rows_are_numbered_from_zero(log, iteration):
    with pytest.raises(ValueError, match="there is no row"):
        log[iteration]


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(), st.just("$array")), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(value=values)
def test_any_value_comes_back_from_the_file_as_it_was(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    log = SQLiteLog(path)
    at(log, 1)["value"] = value
    log.close()

    assert repr(read_log(path)[0]["value"]) == repr(value)


@pytest.mark.parametrize(
    "array",
    [np.array([0.1, np.nan, -0.0, np.inf]), np.zeros((0, 3), np.int8), np.array([[True], [False]])],
)
def test_a_small_array_comes_back_from_the_file_with_its_dtype_and_shape(tmp_path, array):
    log = SQLiteLog(tmp_path / "log.sqlite")
    at(log, 1)["value"] = array
    log.close()

    found = read_log(tmp_path / "log.sqlite")[0]["value"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


def test_the_rows_become_columns_with_none_for_what_is_missing():
    rows = [{"iterations_done": 1, "cost": 0.5}, {"iterations_done": 2, "error": 0.1}]

    assert columns(rows) == {
        "iterations_done": [1, 2],
        "cost": [0.5, None],
        "error": [None, 0.1],
    }


READING = """
import json, sys
from mainloop.log import read_log
for line in sys.stdin:
    print(json.dumps(read_log(sys.argv[1])), flush=True)
"""


def test_another_process_reads_every_flushed_row_while_the_run_goes_on(tmp_path):
    log = SQLiteLog(tmp_path / "log.sqlite")
    reader = subprocess.Popen(
        [sys.executable, "-c", READING, log.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    with reader:
        for iteration in range(1, 30):
            at(log, iteration)["cost"] = 1 / iteration
            log.flush()
            reader.stdin.write("\n")
            reader.stdin.flush()
            rows = json.loads(reader.stdout.readline())
            assert [row["cost"] for row in rows] == [1 / n for n in range(1, iteration + 1)]


def test_the_rows_before_the_current_one_are_in_the_file_without_being_asked(tmp_path):
    log = SQLiteLog(tmp_path / "log.sqlite")

    for iteration in range(5):
        at(log, iteration)["cost"] = iteration

    assert len(read_log(log.path)) == 4


WRITING = """
import os, sys
from mainloop.log import SQLiteLog
log = SQLiteLog(sys.argv[1])
for iteration in range(10**9):
    log.status["iterations_done"] = iteration
    log.current_row["one"] = iteration
    log.current_row["two"] = iteration
    log.flush()
    if iteration % 100 == 0:
        os.write(1, f"{iteration}\\n".encode())  # a whole line or none, wherever it is killed
"""


def test_a_killed_process_leaves_every_row_it_flushed_and_no_part_of_a_row(tmp_path):
    path = tmp_path / "log.sqlite"

    for reports in (1, 3, 7):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITING, path], stdout=subprocess.PIPE, text=True
        )
        for _ in range(reports):
            flushed = int(writer.stdout.readline())
        writer.kill()
        writer.communicate()
        rows = read_log(path)
        assert len(rows) > flushed
        assert all(
            row["one"] == row["two"] == row["iterations_done"] == n for n, row in enumerate(rows)
        )


def train(log, iterations, *, kill_note):
    """What a run records: a deterministic cost every second iteration, an epoch every four."""
    for iteration in range(log.status["iterations_done"] + 1, iterations + 1):
        log.status["iterations_done"] = iteration
        if iteration % 2:
            log.current_row["cost"] = math.sin(iteration)
        if iteration % 4 == 0:
            log.status["epochs_done"] += 1
            log.status["_epoch_ends"].append(iteration)
            log.current_row["error"] = math.cos(iteration)
        log.current_row.note("time", kill_note + iteration)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["memory", "file"]))
def test_killed_and_resumed_runs_leave_the_rows_of_an_uninterrupted_one(
    tmp_path_factory, data, kind
):
    folder = tmp_path_factory.mktemp("runs")

    def opened(name):
        return TrainingLog() if kind == "memory" else SQLiteLog(folder / name)

    straight = opened("straight.sqlite")
    train(straight, 20, kill_note=0.0)
    saved = opened("broken.sqlite").state_dict()
    for attempt in range(data.draw(st.integers(1, 3), label="kills")):
        log = opened("broken.sqlite")
        log.load_state_dict(saved)
        start = log.status["iterations_done"]
        at_save = data.draw(st.integers(start, 20), label="saved at")
        train(log, at_save, kill_note=attempt / 7)
        save_checkpoint(folder / "c.h5", log.state_dict(), {})
        train(log, data.draw(st.integers(at_save, 20), label="killed at"), kill_note=attempt / 7)
        log.flush()
        saved = load_checkpoint(folder / "c.h5").state

    log = opened("broken.sqlite")
    log.load_state_dict(saved)
    train(log, 20, kill_note=-1.0)
    log.flush()

    assert log.rows(notes=False) == straight.rows(notes=False)
    assert log.status == straight.status
    if kind == "file":
        straight.flush()
        assert read_log(log.path, notes=False) == read_log(straight.path, notes=False)


def test_a_resumed_log_tells_whom_it_goes_on_from_and_keeps_what_it_superseded(tmp_path):
    first = SQLiteLog(tmp_path / "log.sqlite")
    at(first, 1)["cost"] = 1.0
    state = first.state_dict()
    at(first, 2)["cost"] = 2.0
    first.close()

    second = SQLiteLog(tmp_path / "log.sqlite")
    second.load_state_dict(state)
    at(second, 2)["cost"] = 3.0
    second.close()

    assert second.resumed_from == first.uuid != second.uuid
    with sqlite3.connect(tmp_path / "log.sqlite") as file:
        assert file.execute("SELECT uuid, resumed_from FROM runs").fetchall() == [
            (first.uuid, None),
            (second.uuid, first.uuid),
        ]
        assert ('{"cost":2.0}',) in file.execute("SELECT results FROM superseded").fetchall()
    file.close()


def test_opening_and_loading_change_nothing_in_the_file_before_the_first_record(tmp_path):
    log = SQLiteLog(tmp_path / "log.sqlite")
    state = log.state_dict()
    at(log, 4)["cost"] = 1.0
    log.close()

    again = SQLiteLog(tmp_path / "log.sqlite")
    again.load_state_dict(state)
    again.close()

    assert again.resumed_from == log.uuid
    assert [row["iterations_done"] for row in read_log(log.path)] == [4]


def test_a_new_run_on_an_old_file_starts_with_an_empty_log(tmp_path):
    old = SQLiteLog(tmp_path / "log.sqlite")
    at(old, 9)["cost"] = 9.0
    old.close()

    new = SQLiteLog(tmp_path / "log.sqlite")

    assert len(new) == 0
    assert "cost" not in new[9]
    at(new, 0)["cost"] = 1.0
    new.flush()
    assert [row["cost"] for row in read_log(new.path)] == [1.0]


def test_rows_of_another_run_that_make_room_are_told_and_kept(tmp_path, caplog):
    old = SQLiteLog(tmp_path / "log.sqlite")
    at(old, 8)["cost"] = 8.0
    at(old, 9)["cost"] = 9.0
    old.close()

    new = SQLiteLog(tmp_path / "log.sqlite")
    at(new, 0)["cost"] = 1.0
    new.close()

    (message,) = caplog.messages
    assert "holds 2 rows of another run" in message
    with sqlite3.connect(new.path) as file:
        kept = file.execute("SELECT run, iteration, results FROM superseded").fetchall()
    file.close()
    assert kept == [(2, 8, '{"cost":8.0}'), (2, 9, '{"cost":9.0}')]


def test_a_log_file_that_lost_rows_is_told(tmp_path):
    log = SQLiteLog(tmp_path / "log.sqlite")
    for iteration in range(6):
        at(log, iteration)["cost"] = 1.0
    state = log.state_dict()

    with pytest.warns(LogWarning, match="recorded 4 rows before iteration 4, but .* holds 0"):
        SQLiteLog(tmp_path / "other.sqlite").load_state_dict(state)


def test_a_log_in_memory_cannot_go_on_from_one_in_a_file(tmp_path):
    log = SQLiteLog(tmp_path / "log.sqlite")
    for iteration in range(6):
        at(log, iteration)["cost"] = 1.0

    with pytest.raises(ValueError, match="left 4 rows of the log in its file"):
        TrainingLog().load_state_dict(log.state_dict())


def test_a_state_of_another_format_is_refused(log):
    with pytest.raises(ValueError, match=r"format 9.*reads format 1"):
        log.load_state_dict({"format": 9})


def test_the_first_of_two_runs_that_write_one_log_is_told(tmp_path):
    first = SQLiteLog(tmp_path / "log.sqlite")
    at(first, 1)["cost"] = 1.0
    first.flush()
    second = SQLiteLog(tmp_path / "log.sqlite")
    at(second, 1)["cost"] = 1.0
    second.flush()

    at(first, 2)["cost"] = 1.0
    with pytest.raises(RuntimeError, match="another run writes to"):
        first.flush()


def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("a file of another kind, longer than a header" * 10)
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE rows (x)")
    other.close()
    before = (tmp_path / "other.sqlite").read_bytes()

    for use in (SQLiteLog, read_log):
        with pytest.raises(ValueError, match=r"notes\.txt cannot be"):
            use(tmp_path / "notes.txt")
        with pytest.raises(ValueError, match="not the log of a run"):
            use(tmp_path / "other.sqlite")

    assert (tmp_path / "other.sqlite").read_bytes() == before


def test_a_folder_is_no_log(tmp_path):
    with pytest.raises(ValueError, match=r"is a folder; name a file in it: .*log\.sqlite"):
        SQLiteLog(tmp_path)


def test_a_log_that_cannot_be_opened_is_told_by_its_path(tmp_path):
    (tmp_path / "log.sqlite").symlink_to(tmp_path / "nowhere" / "log.sqlite")

    with pytest.raises(OSError, match=r"the log .*log\.sqlite cannot be opened"):
        SQLiteLog(tmp_path / "log.sqlite")


def test_a_log_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no log"):
        read_log(tmp_path / "log.sqlite")
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, sys, warnings
from mainloop.log import SQLiteLog
log = SQLiteLog(sys.argv[1])
log.current_row["cost"] = 0.0
log.flush()
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    for iteration in range(1, 200):
        log.status["iterations_done"] = iteration
        log.current_row["cost"] = float(iteration)
        log.current_row["text"] = "x" * 1000
        log.flush()
    print(len(told), told[0].message, len(log))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.close()
"""


def test_a_full_disk_is_told_once_and_the_records_are_written_when_there_is_room(tmp_path):
    path = tmp_path / "log.sqlite"

    told = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=True
    ).stdout

    assert told.startswith("1 ")
    assert "cannot be written to" in told
    assert told.endswith(" 200\n")
    assert [row["cost"] for row in read_log(path)] == list(range(200))


def test_a_synced_log_reads_as_before(tmp_path):
    log = SQLiteLog(tmp_path / "log.sqlite")
    rng = random.Random(0)
    for iteration in range(20):
        at(log, iteration)["cost"] = rng.random()
        log.flush()
        log.sync()

    assert read_log(log.path) == log.rows()
