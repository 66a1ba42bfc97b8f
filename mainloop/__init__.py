"""A training run: step rules, the loop and its extensions, monitoring, checkpoints."""
