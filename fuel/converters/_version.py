"""The version that `fuel-convert` writes into files: it grows when what it writes changes."""

__version__ = "0.2"
