"""The version that `fuel-convert` writes into files."""

__version__ = "0.2"
"""The version of the converters: it grows when what they write changes."""
