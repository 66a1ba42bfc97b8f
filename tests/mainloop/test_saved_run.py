"""A run that was stopped goes on as if it had not been."""

import os
import random
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_run import Record, make_run

from mainloop import TrainingInterrupted
from mainloop.algorithms import NotFiniteError
from mainloop.checkpoint import (
    CheckpointError,
    CheckpointWarning,
    load_checkpoint,
    save_checkpoint,
    verify_resume,
)
from mainloop.extensions import TrainingExtension
from mainloop.extensions.best import TrackTheBest
from mainloop.extensions.best_patience import FinishIfNoImprovementAfter
from mainloop.extensions.best_restore import RestoreTheBest
from mainloop.extensions.checkpoint import Checkpoint
from mainloop.extensions.load import Load
from mainloop.log import SQLiteLog, read_log

HERE = Path(__file__).parent
LAST = 14  # batches: two epochs of six and a bit of the third


class Die(TrainingExtension):
    """Fails after a batch, after all other extensions."""

    runs_last = True

    def __init__(self, at):
        super().__init__()
        self.at = at

    def after_batch(self, batch):
        if self.main_loop.status["iterations_done"] == self.at:
            raise RuntimeError("power failure")


def extensions(folder, *more, last=LAST, **triggers):
    """All that keeps a state, with a checkpoint after every batch."""
    return [
        *more,
        Record(last),
        TrackTheBest("cost", after_batch=True),
        RestoreTheBest("cost_best_so_far", after_batch=True),
        FinishIfNoImprovementAfter("cost_best_so_far", iterations=100, after_batch=True),
        Checkpoint(folder / "checkpoint.h5", **({"every_n_batches": 1} | triggers)),
    ]


def run(folder, *more, **options):
    main_loop = make_run(extensions(folder, *more, **options), SQLiteLog(folder / "log.sqlite"))
    main_loop.run()
    main_loop.log.close()
    return main_loop


def results(folder):
    """Everything that a run left, as far as it must be repeated."""
    saved = load_checkpoint(folder / "checkpoint.h5")
    state = {**saved.state, "log": saved.state["log"]["status"]}
    for name in ("Load", "Interrupt", "Photograph"):
        state["extensions"].pop(name, None)
    return repr((state, {path: array.tobytes() for path, array in saved.parameters.items()}))


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight")
    run(folder)
    return folder


class Photograph(TrainingExtension):
    """Copies the folder of the run after every batch, as if the machine had stopped there."""

    def __init__(self, folder, album):
        super().__init__()
        self.folder, self.album = folder, album

    def after_batch(self, batch):
        place = self.album / str(self.main_loop.status["iterations_done"])
        # What is being written comes and goes meanwhile, and is hidden.
        shutil.copytree(self.folder, place, ignore=shutil.ignore_patterns(".*"))


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    folder, album = tmp_path_factory.mktemp("folder"), tmp_path_factory.mktemp("album")
    run(folder, Photograph(folder, album))
    return album


@pytest.mark.parametrize("step", range(1, LAST + 1))
def test_from_what_is_on_the_disk_after_any_batch_a_run_goes_on_bit_for_bit(
    step, straight, album, tmp_path
):
    folder = shutil.copytree(album / str(step), tmp_path / "run")

    # The first checkpoint is perhaps not on the disk before the third batch.
    resumed = run(folder, Load(folder / "checkpoint.h5", missing_ok=step <= 2))

    assert resumed.log.resumed_from is not None or step <= 2
    assert results(folder) == results(straight)
    assert read_log(folder / "log.sqlite", notes=False) == read_log(
        straight / "log.sqlite", notes=False
    )


def test_a_run_saved_long_before_it_failed_repeats_what_was_lost(straight, tmp_path):
    with pytest.raises(RuntimeError, match="power failure"):
        run(tmp_path, Die(13), every_n_batches=5, after_epoch=False)

    resumed = run(tmp_path, Load(tmp_path / "checkpoint.h5"))

    assert resumed.log.resumed_from is not None
    assert results(tmp_path) == results(straight)
    assert read_log(tmp_path / "log.sqlite", notes=False) == read_log(
        straight / "log.sqlite", notes=False
    )


def test_a_run_that_ended_with_the_best_goes_on_from_where_training_was(tmp_path):
    short, long = tmp_path / "short", tmp_path / "long"
    run(long)
    run(short, last=8)
    ended = load_checkpoint(short / "checkpoint.h5")
    best = ended.state["extensions"]["RestoreTheBest"]
    assert best["iteration"] < 8
    for path, value in ended.parameters.items():
        assert value.tobytes() == best["best"][path].tobytes()

    goes_on = {**ended.state, "finish_reason": None}
    save_checkpoint(short / "checkpoint.h5", goes_on, ended.parameters)
    run(short, Load(short / "checkpoint.h5"))

    reached, expected = (
        load_checkpoint(folder / "checkpoint.h5").state["extensions"]["RestoreTheBest"]
        for folder in (short, long)
    )
    assert {path: value.tobytes() for path, value in reached["reached"].items()} == {
        path: value.tobytes() for path, value in expected["reached"].items()
    }


TRAINING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from mainloop.extensions.load import Load
from test_saved_run import run
folder = Path(sys.argv[2])
print("begins", flush=True)
run(folder, Load(folder / "checkpoint.h5", missing_ok=True), last=150)
"""


@pytest.mark.filterwarnings("ignore::mainloop.checkpoint.CheckpointWarning")
def test_a_run_killed_again_and_again_ends_as_an_uninterrupted_one(tmp_path):
    rng = random.Random(4)
    run(tmp_path / "straight", last=150)
    folder = tmp_path / "killed"
    reached = []

    for _ in range(3):
        trainer = subprocess.Popen(
            [sys.executable, "-c", TRAINING, HERE, folder], stdout=subprocess.PIPE, text=True
        )
        trainer.stdout.readline()
        target = max(reached, default=0) + rng.randrange(1, 35)
        while trainer.poll() is None and newest(folder) < target:
            pass
        trainer.kill()
        trainer.communicate()
        reached.append(load_checkpoint(folder / "checkpoint.h5").state["iterations_done"])
    run(folder, Load(folder / "checkpoint.h5"), last=150)

    assert reached[0] < 150
    assert results(folder) == results(tmp_path / "straight")
    assert read_log(folder / "log.sqlite", notes=False) == read_log(
        tmp_path / "straight" / "log.sqlite", notes=False
    )


def newest(folder):
    """The iteration of the newest row of the log, 0 if there is none yet."""
    try:
        rows = read_log(folder / "log.sqlite")
    except (FileNotFoundError, ValueError):
        return 0
    return rows[-1]["iterations_done"] if rows else 0


@pytest.mark.parametrize("factory", ["run_to_verify", "run_with_workers"])
def test_verify_resume_finds_nothing_in_a_run_that_resumes_exactly(factory):
    assert verify_resume(f"{HERE}/small_run.py:{factory}", steps_before=8, steps_after=3) == []


def test_verify_resume_names_what_differs():
    found = verify_resume(f"{HERE}/small_run.py:run_that_forgets", steps_before=8, steps_after=3)

    assert any(line.startswith("state['parameters']['/line.W'] is array") for line in found)
    assert any("['data_stream']['batch']" in line for line in found)


def test_verify_resume_tells_what_a_failing_process_said():
    with pytest.raises(RuntimeError, match="no_such_run"):
        verify_resume(f"{HERE}/small_run.py:no_such_run", steps_before=1, steps_after=1)
    with pytest.raises(ValueError, match="at least 1"):
        verify_resume("anything:at_all", steps_before=0, steps_after=1)


def test_a_damaged_newest_checkpoint_is_told_and_the_one_before_it_gives_the_same_end(
    straight, tmp_path
):
    with pytest.raises(RuntimeError, match="power failure"):
        run(tmp_path, Die(9))
    path = tmp_path / "checkpoint.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)

    with pytest.warns(CheckpointWarning, match="damaged.*going on from the one before"):
        run(tmp_path, Load(path))

    assert results(tmp_path) == results(straight)


def test_loading_parameters_only_begins_a_new_run(straight, tmp_path):
    path = straight / "checkpoint.h5"
    main_loop = make_run([Load(path, parameters_only=True), Record(1)])
    begin = {}

    class Look(TrainingExtension):
        def before_epoch(self):
            begin.update(self.main_loop.algorithm.values)

    look = Look()
    look.main_loop = main_loop
    main_loop.extensions.append(look)
    main_loop.run()

    assert main_loop.status["iterations_done"] == 1
    for name, value in load_checkpoint(path).parameters.items():
        np.testing.assert_array_equal(begin[name], value)


def test_a_checkpoint_of_another_model_is_refused_when_training_begins(tmp_path):
    save_checkpoint(tmp_path / "c.h5", {}, {"/line.W": np.zeros(5, np.float32)})

    with pytest.raises(CheckpointError, match=r"/line\.W: float32 \(5,\) in the file, float32"):
        make_run([Load(tmp_path / "c.h5")]).run()


def test_loading_what_is_not_there_is_an_error_unless_allowed(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        make_run([Load(tmp_path / "c.h5")]).run()

    main_loop = make_run([Load(tmp_path / "c.h5", missing_ok=True), Record(1)])
    main_loop.run()
    assert main_loop.status["iterations_done"] == 1


def test_a_run_whose_cost_is_nan_is_never_saved(tmp_path):
    path = tmp_path / "checkpoint.h5"

    with pytest.raises(NotFiniteError):
        make_run([Record(LAST), Checkpoint(path, every_n_batches=1)], nan_in_epoch=1).run()

    saved = load_checkpoint(path)
    assert saved.state["iterations_done"] == 6
    assert all(np.isfinite(value).all() for value in saved.parameters.values())


def test_the_checkpoint_holds_the_roles_of_the_graph(straight):
    assert load_checkpoint(straight / "checkpoint.h5").roles == {
        "/line.W": ("WEIGHT",),
        "/line.b": ("BIAS",),
        "/line.mean": ("BUFFER",),
    }


def test_what_was_saved_is_noted_in_the_row_that_was_saved(straight):
    rows = read_log(straight / "log.sqlite")

    assert [row["saved_to"] for row in rows] == [str(straight / "checkpoint.h5")] * LAST


class Program(TrainingExtension):
    """Runs a program after each epoch, and keeps what it says."""

    def __init__(self, code, path, name=None):
        super().__init__(name)
        self.command = [sys.executable, "-c", code, HERE, path]
        self.told = []

    def after_epoch(self):
        done = subprocess.run(self.command, capture_output=True, text=True, check=True)
        self.told.append(done.stdout)


SECOND_RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_run import make_run
from mainloop.extensions.checkpoint import Checkpoint
try:
    make_run([Checkpoint(sys.argv[2])]).run()
except RuntimeError as error:
    print(error)
"""


def test_two_runs_cannot_write_one_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.h5"
    other = Program(SECOND_RUN, path)

    make_run([Record(7), other, Checkpoint(path)]).run()

    assert len(other.told) == 1
    assert f"writes {path} already; give each run a folder of its own" in other.told[0]


SECOND_RESUMPTION = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from mainloop.extensions.load import Load
from test_saved_run import run
folder = Path(sys.argv[2])
try:
    run(folder, Load(folder / "checkpoint.h5"))
except RuntimeError as error:
    print(error)
"""


def test_a_run_that_is_resumed_while_it_still_goes_on_is_not_disturbed(straight, tmp_path):
    other = Program(SECOND_RESUMPTION, tmp_path, name="Photograph")

    run(tmp_path, other)

    said = "checkpoint.h5 already; give each run a folder of its own"
    assert len(other.told) == 2
    assert all(said in text for text in other.told)
    assert results(tmp_path) == results(straight)


def test_the_checkpoint_and_the_log_of_another_run_are_not_replaced(straight, tmp_path):
    folder = shutil.copytree(straight, tmp_path / "run")
    rows = read_log(folder / "log.sqlite")
    saved = (folder / "checkpoint.h5").read_bytes()

    class Note(TrainingExtension):
        def before_training(self):
            self.main_loop.log.current_row["host"] = "here"

    with pytest.raises(CheckpointError, match=f"holds a run of {LAST} batches that this one does"):
        run(folder, Note())

    assert (folder / "checkpoint.h5").read_bytes() == saved
    assert read_log(folder / "log.sqlite") == rows


def test_the_refusal_to_replace_a_run_tells_all_three_cures(straight):
    path = straight / "checkpoint.h5"

    with pytest.raises(CheckpointError) as caught:
        make_run([Checkpoint(path)]).run()

    for cure in (f"Load({str(path)!r})", "a folder of its own", "Checkpoint(..., overwrite=True)"):
        assert cure in str(caught.value)


@pytest.mark.parametrize("parameters_only", [False, True])
def test_a_run_that_goes_on_from_elsewhere_does_not_replace_one_either(parameters_only, tmp_path):
    one, other = tmp_path / "one.h5", tmp_path / "other.h5"
    make_run([Record(1), Checkpoint(one)]).run()
    make_run([Record(2), Checkpoint(other)]).run()
    before = other.read_bytes()

    with pytest.raises(CheckpointError, match="a run of 2 batches that this one does not go"):
        make_run([Load(one, parameters_only=parameters_only), Checkpoint(other)]).run()

    assert other.read_bytes() == before


def test_a_damaged_checkpoint_is_not_replaced_by_a_new_run(tmp_path):
    path = tmp_path / "checkpoint.h5"
    make_run([Record(1), Checkpoint(path)]).run()
    content = path.read_bytes()[:-1]
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"cut short.*overwrite=True"):
        make_run([Checkpoint(path)]).run()

    assert path.read_bytes() == content


def test_another_run_is_replaced_if_that_is_asked_for(tmp_path):
    path = tmp_path / "checkpoint.h5"
    make_run([Record(3), Checkpoint(path)]).run()

    make_run([Record(1), Checkpoint(path, overwrite=True)]).run()

    assert load_checkpoint(path).state["iterations_done"] == 1


def test_a_loop_that_runs_on_writes_to_the_file_it_wrote_before(tmp_path):
    record = Record(2)
    main_loop = make_run([record, Checkpoint(tmp_path / "checkpoint.h5")])
    main_loop.run()
    record.last = 4

    main_loop.run()

    assert load_checkpoint(tmp_path / "checkpoint.h5").state["iterations_done"] == 4


def test_a_run_is_loaded_before_any_extension_is_told_that_training_begins(tmp_path):
    path = tmp_path / "checkpoint.h5"
    make_run([Record(2), Checkpoint(path)]).run()
    seen = []

    class Look(TrainingExtension):
        def before_training(self):
            seen.append(self.main_loop.status["iterations_done"])

    make_run([Look(), Record(1), Load(path)]).run()

    assert seen == [2]


def test_a_run_lets_go_of_the_checkpoint_when_it_ends_or_fails(tmp_path):
    path = tmp_path / "checkpoint.h5"
    make_run([Record(1), Checkpoint(path)]).run()
    with pytest.raises(RuntimeError, match="power failure"):
        make_run([Die(1), Checkpoint(path, overwrite=True)]).run()

    make_run([Record(1), Checkpoint(path, overwrite=True)]).run()

    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "checkpoint.h5",
        "checkpoint.previous.h5",
    ]


FULL_DISK = """
import resource, sys, warnings
sys.path.insert(0, sys.argv[1])
from small_run import Record, make_run
from mainloop.extensions import TrainingExtension
from mainloop.extensions.checkpoint import Checkpoint

class FillTheDisk(TrainingExtension):
    def after_epoch(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

warnings.simplefilter("always")
main_loop = make_run([Record(14), FillTheDisk(), Checkpoint(sys.argv[2], every_n_batches=1)])
main_loop.run()
print(main_loop.status["iterations_done"], main_loop.log[7]["checkpoint_failed"])
"""


def test_a_full_disk_is_told_while_the_run_goes_on_and_the_old_checkpoint_stays(tmp_path):
    path = tmp_path / "checkpoint.h5"

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, HERE, path], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("14 ")
    assert "could not be written" in done.stderr
    assert "the run goes on, and the checkpoint that was there stays" in done.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The sixth was perhaps still being written when the disk became full.
        assert load_checkpoint(path).state["iterations_done"] in (5, 6)


def test_a_state_that_cannot_be_saved_is_told_before_training(tmp_path):
    class Stubborn(TrainingExtension):
        def state_dict(self):
            return {"open file": object()}

    main_loop = make_run([Stubborn(), Record(1), Checkpoint(tmp_path / "c.h5")])
    with pytest.raises(TypeError, match=r"\['Stubborn'\]\['open file'\] is of type object"):
        main_loop.run()

    assert main_loop.status["iterations_done"] == 0


def test_a_run_interrupted_by_hand_is_saved_at_that_batch_and_goes_on_bit_for_bit(
    straight, tmp_path
):
    class Interrupt(TrainingExtension):
        def after_batch(self, batch):
            if self.main_loop.status["iterations_done"] == 9:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(TrainingInterrupted):
        run(tmp_path, Interrupt(), every_n_batches=0, after_epoch=False)
    assert load_checkpoint(tmp_path / "checkpoint.h5").state["iterations_done"] == 9

    run(tmp_path, Load(tmp_path / "checkpoint.h5"))

    assert results(tmp_path) == results(straight)
    assert read_log(tmp_path / "log.sqlite", notes=False) == read_log(
        straight / "log.sqlite", notes=False
    )
