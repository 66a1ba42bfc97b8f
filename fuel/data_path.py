"""Finding a data file in the directories of `fuel.config.data_path`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fuel.config_parser import config, user_data_directory

__all__ = ["find_in_data_path", "is_in_data_path"]


def find_in_data_path(
    filename: str | os.PathLike[str], *, arguments: Sequence[str] | None = None
) -> str:
    """The path of a data file: in the first directory of `config.data_path` that has it.

    `~` and environment variables in the directories are expanded; an absolute path is looked for
    at its place.

    Args:
        filename: the file.
        arguments: what to say to `fuel-download` and `fuel-convert` to get it, for the error;
            its name without ending if None.

    Raises:
        FileNotFoundError: if no directory has it; says where it was looked for and how to get it.
        ConfigurationError: if the data path is set to something unusable.
    """
    name = os.fspath(filename)
    directories = [_expanded(directory) for directory in config.data_path]
    for directory in directories:
        if (directory / name).is_file():
            return str(directory / name)
    looked = ", ".join(str(directory) for directory in directories) or "no directory at all"
    message = f"there is no {name!r} in the data path ({looked})"
    if directories and not Path(name).is_absolute() and name.endswith(".hdf5"):
        message += _how_to_get(" ".join(arguments or [Path(name).stem]), directories[0])
    raise FileNotFoundError(message)


def is_in_data_path(directory: str | os.PathLike[str]) -> bool:
    """Whether data files in this directory are found by their name alone; makes no directory."""
    if config.is_given("data_path"):
        places = [_expanded(place) for place in config.data_path]
    else:
        places = [user_data_directory()]
    return Path(directory).resolve() in [place.resolve() for place in places]


def _expanded(directory: str) -> Path:
    return Path(os.path.expandvars(directory)).expanduser()


def _how_to_get(dataset: str, directory: Path) -> str:
    return (
        "; if it is one of the data sets that `fuel-download --help` lists, get it with\n"
        f"    fuel-download {dataset} --directory {directory}\n"
        f"    fuel-convert {dataset} --directory {directory} --output-directory {directory}\n"
        "and if it is elsewhere, name its directory in FUEL_DATA_PATH"
    )
