"""The commands `fuel-download`, `fuel-convert`, `fuel-info`, `fuel-serve`, each with a `main`."""
