import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_reference.py"


def test_the_reference_has_every_public_name_with_what_its_docstring_says():
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, "--check"],
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.returncode == 0, done.stderr
