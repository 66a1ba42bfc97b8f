"""Settings: from Python, from the environment, from a YAML file, or by default, in this order.

==================  ========================  =======================================
setting             environment variable      default
==================  ========================  =======================================
`data_path`         `FUEL_DATA_PATH`          a directory of the user's own, made when
                                              first asked for (and said)
`local_data_path`   `FUEL_LOCAL_DATA_PATH`    empty: files are not copied to a local disk
`default_seed`      `FUEL_DEFAULT_SEED`       1
`extra_downloaders` `FUEL_EXTRA_DOWNLOADERS`  none
`extra_converters`  `FUEL_EXTRA_CONVERTERS`   none
`floatX`            `FUEL_FLOATX`             `float32`, what JAX computes in
==================  ========================  =======================================

The YAML file is `~/.fuelrc`, or the one that `FUEL_CONFIG` names; it need not be there. Nothing is
read when this module is imported: each setting is looked up when it is asked for.

>>> config.default_seed = 2
>>> config.default_seed
2
>>> del config.default_seed
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from fuel._configuration import NOT_SET, Configuration, settings_file
from fuel.exceptions import ConfigurationError

__all__ = [
    "NOT_SET",
    "Configuration",
    "ConfigurationError",
    "config",
    "default_data_directory",
    "extra_downloader_converter",
    "multiple_paths_parser",
    "user_data_directory",
]

logger = logging.getLogger(__name__)


def extra_downloader_converter(value: str | Iterable[str]) -> list[str]:
    """Names of modules, from blanks-separated text or from a sequence of names.

    >>> extra_downloader_converter("mypackage.downloaders other.downloaders")
    ['mypackage.downloaders', 'other.downloaders']
    """
    return value.split() if isinstance(value, str) else list(value)


def multiple_paths_parser(value: str | os.PathLike[str] | Iterable[str]) -> list[str]:
    """Directories, from text separated as the system separates paths, or from a sequence.

    >>> multiple_paths_parser(f"/data{os.pathsep}~/data")
    ['/data', '~/data']
    """
    if isinstance(value, str | os.PathLike):
        return [part for part in os.fspath(value).split(os.pathsep) if part]
    return [os.fspath(part) for part in value]


def _floating_point(value: str) -> str:
    if value not in ("float16", "float32", "float64"):
        raise ValueError("it must be float16, float32 or float64")
    return value


def user_data_directory() -> Path:
    """The directory that is the default of `data_path`, whether it is there or not."""
    return Path(platformdirs.user_data_dir("fuel", appauthor=False))


def default_data_directory() -> str:
    """The user's own data directory, made if it was not there; making it is said in the log.

    Raises:
        ConfigurationError: if it cannot be made.
    """
    directory = user_data_directory()
    if not directory.is_dir():
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the data directory {directory} cannot be made ({error}); name another in "
                "FUEL_DATA_PATH"
            ) from error
        logger.warning(
            "made the data directory %s (for another, set FUEL_DATA_PATH or data_path in %s)",
            directory,
            settings_file(),
        )
    return str(directory)


config = Configuration()
"""The settings of `fuel`."""
config.add_config(
    "data_path",
    multiple_paths_parser,
    env_var="FUEL_DATA_PATH",
    default_factory=default_data_directory,
)
config.add_config("local_data_path", str, default="", env_var="FUEL_LOCAL_DATA_PATH")
config.add_config("default_seed", int, default=1, env_var="FUEL_DEFAULT_SEED")
config.add_config(
    "extra_downloaders", extra_downloader_converter, default=[], env_var="FUEL_EXTRA_DOWNLOADERS"
)
config.add_config(
    "extra_converters", extra_downloader_converter, default=[], env_var="FUEL_EXTRA_CONVERTERS"
)
config.add_config("floatX", _floating_point, default="float32", env_var="FUEL_FLOATX")
