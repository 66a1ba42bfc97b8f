"""What can be wrong with a checkpoint."""


class CheckpointError(ValueError):
    """A file is not a checkpoint, is damaged, or does not fit what it is loaded into."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written, or an older one was used; the run goes on."""
