"""Named settings that are looked up, when asked for, in several places in turn."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from fuel.exceptions import ConfigurationError

__all__ = ["NOT_SET", "Configuration", "settings_file"]

NOT_SET: Final = object()
"""Says that a setting has no default."""


@dataclass(frozen=True)
class _Setting:
    """What is declared of a setting: its type, where it comes from, and what it is by default."""

    type_: Callable[[Any], Any]
    default: Any
    default_factory: Callable[[], Any] | None
    env_var: str | None


class Configuration:
    """A set of named settings, each with a type, a default and an environment variable.

    A setting is an attribute: reading it gives the value set in Python, else that of the
    environment variable (an empty one counts as not set), else that of the YAML file, else the
    default, passed through the setting's type. Setting the attribute overrides the rest; deleting
    it ends that. Other attributes may be set and deleted at will.

    The YAML file is read when a setting needs it, and again once it has changed.
    """

    def __init__(self) -> None:
        self._settings: dict[str, _Setting] = {}
        self._values: dict[str, Any] = {}
        self._file: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def add_config(
        self,
        key: str,
        type_: Callable[[Any], Any],
        default: Any = NOT_SET,
        env_var: str | None = None,
        *,
        default_factory: Callable[[], Any] | None = None,
    ) -> None:
        """Add the setting `key`.

        Args:
            key: its name, as attribute and in the YAML file.
            type_: called on the value at each reading, for instance `int`.
            default: its value where nobody gave one; without one, reading it is an error.
            env_var: the environment variable that may give it.
            default_factory: gives the default when it is needed, in place of `default`.

        Raises:
            ValueError: if both `default` and `default_factory` are given.
        """
        if default is not NOT_SET and default_factory is not None:
            raise ValueError(f"setting {key!r} has both default and default_factory; give one")
        self._settings[key] = _Setting(type_, default, default_factory, env_var)

    def load_yaml(self) -> None:
        """Read the YAML file now, if it is there; an empty one is fine.

        Raises:
            ConfigurationError: if it cannot be read, is no YAML, is not a mapping, or sets
                something that is not a setting.
        """
        path = settings_file()
        try:
            content = path.read_bytes()
            status = path.stat()
        except FileNotFoundError:
            self._file = ((str(path),), {})
            return
        except OSError as error:
            raise ConfigurationError(f"the settings file {path} cannot be read: {error}") from error
        try:
            loaded = yaml.safe_load(content)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"the settings file {path} is not YAML: {error}") from error
        self._file = (_stamp(path, status), self._checked(loaded, path))

    def is_given(self, key: str) -> bool:
        """Whether anybody gave the setting a value, so that its default is not used.

        Raises:
            AttributeError: if there is no such setting.
            ConfigurationError: if the YAML file is needed and wrong.
        """
        return self._given(key, self._setting(key)) is not None

    def assigned(self) -> dict[str, Any]:
        """The settings that were assigned in Python, with their values passed through their types.

        Raises:
            ConfigurationError: if a value will not do.
        """
        return {key: getattr(self, key) for key in self._values}

    def _checked(self, loaded: Any, path: Path) -> dict[str, Any]:
        if loaded is None:
            return {}
        if not isinstance(loaded, dict):
            raise ConfigurationError(
                f"the settings file {path} holds a {type(loaded).__name__}, but needs lines "
                "such as 'data_path: /home/me/data'"
            )
        unknown = sorted(str(key) for key in loaded if key not in self._settings)
        if unknown:
            raise ConfigurationError(
                f"the settings file {path} sets {', '.join(unknown)}, which this version does not "
                f"know; the settings are {', '.join(sorted(self._settings))}"
            )
        return loaded

    def _from_file(self) -> dict[str, Any]:
        path = settings_file()
        try:
            stamp = _stamp(path, path.stat())
        except OSError:
            stamp = (str(path),)
        if self._file[0] != stamp:
            self.load_yaml()
        return self._file[1]

    def _setting(self, key: str) -> _Setting:
        settings = self.__dict__.get("_settings", {})
        if key not in settings:
            raise AttributeError(
                f"there is no setting {key!r}; there are {', '.join(sorted(settings))}"
            )
        return settings[key]

    def _given(self, key: str, setting: _Setting) -> tuple[Any, str] | None:
        """The value that somebody gave, as it was written, and who; None if nobody did."""
        if key in self._values:
            return self._values[key], "Python"
        if setting.env_var is not None and os.environ.get(setting.env_var):
            return os.environ[setting.env_var], f"the environment variable {setting.env_var}"
        from_file = self._from_file()
        return (
            (from_file[key], f"the settings file {settings_file()}") if key in from_file else None
        )

    def __getattr__(self, key: str) -> Any:
        setting = self._setting(key)
        value, origin = self._given(key, setting) or (_default(key, setting), "the default")
        try:
            return setting.type_(value)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{key}={value!r}, from {origin}, will not do: {error}"
            ) from error

    def __setattr__(self, key: str, value: Any) -> None:
        if key in self.__dict__.get("_settings", {}):
            self._values[key] = value
        else:
            super().__setattr__(key, value)

    def __delattr__(self, key: str) -> None:
        if key not in self._settings:
            super().__delattr__(key)
        elif key in self._values:
            del self._values[key]
        else:
            raise AttributeError(f"{key} was not set in Python, so there is nothing to delete")


def settings_file() -> Path:
    """The YAML file of settings, whether it is there or not."""
    named = os.environ.get("FUEL_CONFIG")
    return Path(named).expanduser() if named else Path.home() / ".fuelrc"


def _default(key: str, setting: _Setting) -> Any:
    if setting.default_factory is not None:
        return setting.default_factory()
    if setting.default is NOT_SET:
        ways = [f"fuel.config.{key} = ...", f"'{key}: ...' in {settings_file()}"]
        if setting.env_var is not None:
            ways.append(f"the environment variable {setting.env_var}")
        raise ConfigurationError(f"{key} is not set and has no default; use {' or '.join(ways)}")
    return setting.default


def _stamp(path: Path, status: os.stat_result) -> tuple[Any, ...]:
    return (str(path), status.st_mtime_ns, status.st_size, status.st_ino)
