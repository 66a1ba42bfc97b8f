"""Settings that every test runs under."""

import os

import hypothesis
import pytest

hypothesis.settings.register_profile("patient", deadline=None)  # no test is about time
hypothesis.settings.load_profile("patient")
os.environ.setdefault("JAX_PLATFORMS", "cpu")


@pytest.fixture(autouse=True)
def _a_home_of_its_own(tmp_path_factory, monkeypatch):
    """No test sees the settings or the data of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name in list(os.environ):
        if name.startswith("FUEL_") and name != "FUEL_TEST_DATA":
            monkeypatch.delenv(name)


def pytest_make_parametrize_id(config, val, argname):
    """Contents of files are no names: they may hold the time, and differ between processes."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 80) else None
