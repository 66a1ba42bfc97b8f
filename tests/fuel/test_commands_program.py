import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
INTERRUPTED_AT_IMPORT = """
import importlib, os, signal, sys

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interruption())
sys.exit(getattr(importlib.import_module(sys.argv[2]), sys.argv[3])())
"""


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_installed_program_is_the_command_of_its_name(name, monkeypatch, capsys):
    module, _, function = PROGRAMS[name].partition(":")
    monkeypatch.setattr(sys, "argv", [f"/bin/{name}", "--help"])

    status = getattr(importlib.import_module(module), function)()

    assert status == 0
    assert capsys.readouterr().out.startswith(f"usage: {name} ")


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("fuel-convert", "h5py"),
        ("fuel-download", "requests"),
        ("fuel-info", "h5py"),
        ("fuel-serve", "zmq"),
    ],
)
def test_interrupted_while_it_is_imported_a_program_ends_in_one_line(name, imported):
    module, _, function = PROGRAMS[name].partition(":")
    command = [sys.executable, "-c", INTERRUPTED_AT_IMPORT, imported, module, function]

    process = subprocess.run(command, capture_output=True, text=True)

    assert (process.returncode, process.stderr) == (130, f"{name}: interrupted\n")
