"""What several tests of data are given."""

import pytest
from file_server import FileServer


@pytest.fixture
def server(monkeypatch):
    """A web server that has no files yet."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = FileServer()
    yield server
    server.close()
