"""Small programs that stand in for those that are not installed, for tests."""

import os
import sys


def install(directory, name, code):
    """Put a Python program of this name into a directory of the PATH."""
    path = directory / name
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)


def only_path(monkeypatch, directory):
    """Make the directory the whole PATH."""
    monkeypatch.setenv("PATH", os.fspath(directory))
