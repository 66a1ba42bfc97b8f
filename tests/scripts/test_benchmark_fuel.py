import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark_fuel.py"

TINY = [
    "--examples=600",
    "--pictures=200",
    "--batches=4",
    "--rounds=1",
    "--batch-size=32",
    "--rows=20000",
    "--epochs=5",
    "--no-peers",
]


def test_the_benchmark_prints_a_row_for_each_way_and_a_line_for_each_figure():
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, *TINY],
        capture_output=True,
        text=True,
        timeout=200,
    )

    assert done.returncode == 0, done.stderr
    for row in (
        "NumPy take, in memory",
        "fuel, from the file",
        "h5py, sorted selection",
        "fuel, shuffled by chunks",
        "h5py, shuffled globally",
        "work A, in process",
        "work A, 1 worker",
        "work A, 2 workers",
        "work B, 2 workers",
        "ragged texts, padded",
        "the original's work and way",
        "one TCP push a batch",
        "batches of 0.4 MB that are only handed over",
        "batches of 6.3 MB that are only handed over",
        "copies in memory",
        "scaling alone",
        "first batch from a new worker",
        "memory after",
        "out of 20,000",
    ):
        assert row in done.stdout


def test_the_benchmark_runs_only_the_sections_asked_for():
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, "--only", "reading", *TINY],
        capture_output=True,
        text=True,
        timeout=200,
    )

    assert done.returncode == 0, done.stderr
    assert "from the file" in done.stdout
    assert "work A" not in done.stdout
