"""The commands `fuel-download`, `fuel-convert`, `fuel-info` and `fuel-serve`, each with a `main`."""
