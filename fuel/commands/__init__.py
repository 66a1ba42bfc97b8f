"""The commands `fuel-download`, `fuel-convert` and `fuel-info`, each a module with a `main`."""
