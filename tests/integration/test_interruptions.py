import contextlib
import os
import random
import signal
import sys
import time

import h5py
import pytest
from small_mnist import Trainer, results, write_small_mnist

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="finds processes through /proc"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_small_mnist(folder)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("uninterrupted")
    status, output, errors = Trainer(data, run).finish()
    assert status == 0, errors
    assert output.splitlines()[-1].startswith("test error: ")
    return run


def test_a_trainer_killed_at_20_random_moments_ends_with_the_same_bits(
    data, uninterrupted, tmp_path
):
    moments = random.Random(20)
    runs, kills = [tmp_path / "run0"], 0
    while kills < 20:
        run = runs[-1]
        resume = ["--resume"] if (run / "checkpoint.h5").exists() else []
        trainer = Trainer(data, run, *resume)
        if trainer.wait_for_epoch(trainer.epochs() + moments.randrange(2)):
            time.sleep(moments.uniform(0, 0.1))
        trainer.kill()
        status, _, errors = trainer.finish()
        if status == 0:  # it came to its end before it was hit
            runs.append(tmp_path / f"run{len(runs)}")
            continue
        assert status == -signal.SIGKILL, errors
        kills += 1
    resume = ["--resume"] if (runs[-1] / "checkpoint.h5").exists() else []
    status, _, errors = Trainer(data, runs[-1], *resume).finish()

    assert status == 0, errors
    for run in runs:
        assert results(run) == results(uninterrupted)


def test_a_run_whose_worker_is_killed_at_random_moments_simply_goes_on(
    data, uninterrupted, tmp_path
):
    moments = random.Random(5)
    killed = set()
    trainer = Trainer(data, tmp_path)
    while trainer.wait_for_epoch(trainer.epochs() + 1):
        time.sleep(moments.uniform(0, 0.05))
        for worker in trainer.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
    status, _, errors = trainer.finish()

    assert status == 0, errors
    assert len(killed) >= 5
    assert results(tmp_path) == results(uninterrupted)


def test_one_interrupt_ends_the_batch_saves_says_why_and_the_run_can_go_on(
    data, uninterrupted, tmp_path
):
    trainer = Trainer(data, tmp_path)
    trainer.wait_for_epoch(3)
    trainer.process.send_signal(signal.SIGINT)
    status, _, errors = trainer.finish()

    assert status == 130, errors
    assert "interrupted by SIGINT after" in errors
    with h5py.File(tmp_path / "checkpoint.h5") as file:
        assert file["parameters/mlp/linear_0.W"].shape == (784, 500)
    assert Trainer(data, tmp_path, "--resume").finish()[0] == 0
    assert results(tmp_path) == results(uninterrupted)


def test_a_second_interrupt_ends_the_run_at_once_and_leaves_whole_files(
    data, uninterrupted, tmp_path
):
    trainer = Trainer(data, tmp_path)
    trainer.wait_for_epoch(3)
    trainer.process.send_signal(signal.SIGINT)
    trainer.process.send_signal(signal.SIGINT)
    status, _, _ = trainer.finish()

    assert status in (130, -signal.SIGINT)
    assert [path.name for path in tmp_path.iterdir() if ".part" in path.name] == []
    assert Trainer(data, tmp_path, "--resume").finish()[0] == 0
    assert results(tmp_path) == results(uninterrupted)


def test_a_run_is_not_begun_on_top_of_another(data, uninterrupted):
    before = results(uninterrupted)

    status, _, errors = Trainer(data, uninterrupted).finish()

    assert status == 2
    assert "--resume goes on with it" in errors
    assert results(uninterrupted) == before
