import os
from pathlib import Path

import pytest

from fuel.data_path import is_in_data_path
from fuel.utils import find_in_data_path


@pytest.fixture
def directories(tmp_path, monkeypatch):
    directories = [tmp_path / "one", tmp_path / "two"]
    for directory in directories:
        directory.mkdir()
    monkeypatch.setenv("FUEL_DATA_PATH", os.pathsep.join(map(str, directories)))
    return directories


def test_a_file_is_found_in_the_first_directory_that_has_it(directories):
    (directories[1] / "a.hdf5").touch()
    second = find_in_data_path("a.hdf5")
    (directories[0] / "a.hdf5").touch()
    first = find_in_data_path("a.hdf5")

    assert second == str(directories[1] / "a.hdf5")
    assert first == str(directories[0] / "a.hdf5")


def test_home_and_variables_are_expanded(monkeypatch):
    monkeypatch.setenv("FUEL_DATA_PATH", "~/$PART")
    monkeypatch.setenv("PART", "mine")
    directory = Path.home() / "mine"
    directory.mkdir()
    (directory / "a.hdf5").touch()

    assert find_in_data_path("a.hdf5") == str(directory / "a.hdf5")


def test_a_missing_file_says_where_it_was_looked_for_and_how_to_get_it(directories):
    with pytest.raises(FileNotFoundError) as raised:
        find_in_data_path("mnist.hdf5")

    message = str(raised.value)
    assert all(str(directory) in message for directory in directories)
    assert f"fuel-download mnist --directory {directories[0]}" in message
    assert f"fuel-convert mnist --directory {directories[0]}" in message


def test_whether_a_directory_is_in_the_data_path_makes_no_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    answers = is_in_data_path(tmp_path / "fuel"), is_in_data_path(tmp_path)

    assert answers == (True, False)
    assert not (tmp_path / "fuel").exists()


def test_a_directory_named_by_the_user_is_in_the_data_path(directories, tmp_path):
    assert is_in_data_path(directories[1])
    assert not is_in_data_path(tmp_path)
