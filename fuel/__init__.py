"""Data sets as streams that stop anywhere and go on exactly."""

from fuel.config_parser import config
from fuel.version import version as __version__

__all__ = ["__version__", "config"]
