"""Finding a data file in the directories of `fuel.config.data_path`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fuel._files._local_cache import cache_file
from fuel.config_parser import config, user_data_directory

__all__ = ["find_in_data_path", "is_in_data_path", "locate"]


VARIANTS = (  # of file names, and what to download and to convert to get them
    (r"(caltech101_silhouettes)(16|28)", r"\1 \2", r"\1 \2"),
    (r"(svhn)_format_([12])", r"\1 \2", r"\1 \2"),
    (r"(celeba)_(64|aligned_cropped)", r"\1", r"\1 \2"),
)


def find_in_data_path(filename: str | os.PathLike[str]) -> str:
    """The path of a data file: in the first directory of `config.data_path` that has it.

    `~` and environment variables in the directories are expanded; an absolute path is looked for
    at its place. With `config.local_data_path`, the path is that of a copy there, which is made
    if need be (`fuel.utils.cache` says when).

    Raises:
        FileNotFoundError: if no directory has it; says where it was looked for and how to get it.
        ConfigurationError: if the data path is set to something unusable.
    """
    return cache_file(locate(filename))


def locate(filename: str | os.PathLike[str]) -> str:
    """As `find_in_data_path`, but always the path of the original.

    Raises:
        FileNotFoundError: if no directory has it.
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
        message += _how_to_get(Path(name).stem, directories[0])
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


def _how_to_get(stem: str, directory: Path) -> str:
    download = convert = stem
    for pattern, to_download, to_convert in VARIANTS:
        if match := re.fullmatch(pattern, stem):
            download, convert = match.expand(to_download), match.expand(to_convert)
    return (
        "; if it is one of the data sets that `fuel-download --help` lists, get it with\n"
        f"    fuel-download {download} --directory {directory}\n"
        f"    fuel-convert {convert} --directory {directory} --output-directory {directory}\n"
        "and if it is elsewhere, name its directory in FUEL_DATA_PATH"
    )
