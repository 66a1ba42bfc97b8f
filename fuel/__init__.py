"""Data sets as streams that stop anywhere and go on exactly."""

from fuel.config_parser import config

__all__ = ["config"]
