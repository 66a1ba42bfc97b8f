"""The version of the distribution that this package is part of."""

__all__ = ["version"]

version = "0.1.0"
"""The version of the distribution."""
