import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark_fuel.py"

TINY = ["--examples=300", "--batches=4", "--rounds=1", "--batch-size=32", "--no-peers"]


def test_the_benchmark_prints_a_row_for_each_way_of_reading():
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, *TINY],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    for row in (
        "NumPy take, in memory",
        "fuel, from the file",
        "h5py, sorted selection",
        "fuel, in process",
        "fuel, one worker",
    ):
        assert row in done.stdout
