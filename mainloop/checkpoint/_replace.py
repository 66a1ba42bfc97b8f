"""Put a file in the place of another so that at every moment a whole one is there."""

import os
from contextlib import suppress
from pathlib import Path

from mainloop.checkpoint._seal import SIZE, is_foreign, opened
from mainloop.checkpoint.errors import CheckpointError


def previous_path(path: Path) -> Path:
    """Where the checkpoint before the newest is kept: `checkpoint.previous.h5`."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`; what was there becomes the previous file.

    The content is written beside its target and synced before anything is renamed, so a process
    that is killed, or a disk that is full, leaves the files that were there. A damaged file is
    not kept: it would take the place of a previous one that may be in order.

    Raises:
        OSError: if the content cannot be written; the files there are as before.
        CheckpointError: if the file there is not a checkpoint at all.
    """
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = beside(path, "writing")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and _is_whole(path):
            _keep(path, previous_path(path))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def check_replaceable(path: Path) -> None:
    """Raise a CheckpointError if `path` is a folder, or a file that is no run's checkpoint."""
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder; name a file in it: {path / 'checkpoint.h5'}")
    if path.exists():
        with path.open("rb") as file:
            head = file.read(SIZE + 8)
        if is_foreign(head):
            raise CheckpointError(
                f"{path} is there and is not a checkpoint; it is not written over, "
                "choose another name or move it away"
            )


def clear_unfinished(path: Path) -> None:
    """Remove what a killed process left of a file that it was writing."""
    for word in ("writing", "keeping"):
        beside(path, word).unlink(missing_ok=True)


def beside(path: Path, word: str) -> Path:
    """A hidden file beside `path`: `.checkpoint.h5.word`."""
    return path.with_name(f".{path.name}.{word}")


def _is_whole(path: Path) -> bool:
    try:
        opened(path.read_bytes())
    except (CheckpointError, OSError):
        return False
    return True


def _keep(path: Path, previous: Path) -> None:
    """Give the file its second name, and keep the first as well where the disk allows it."""
    link = beside(path, "keeping")
    link.unlink(missing_ok=True)
    try:
        link.hardlink_to(path)
    except OSError:  # a file system without hard links: for a moment only the previous is there
        path.replace(previous)
        return
    link.replace(previous)
    link.unlink(missing_ok=True)  # replacing a file by itself leaves both names


def _sync_folder(folder: Path) -> None:
    """Make the renaming safe from a power failure, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
