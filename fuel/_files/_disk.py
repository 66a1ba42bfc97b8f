"""How full disks are, and directories on them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["check_enough_space", "disk_usage", "safe_mkdir"]


def disk_usage(path: str | os.PathLike[str]) -> tuple[int, int]:
    """How large the file system of a path is, and how much of it is used, in bytes."""
    usage = shutil.disk_usage(path)
    return usage.total, usage.total - usage.free


def safe_mkdir(folder_name: str | os.PathLike[str], force_perm: int | None = None) -> None:
    """Make a directory, and those above it, unless it is there.

    Args:
        folder_name: the directory.
        force_perm: permissions of those that are made; None for the usual ones.
    """
    path = Path(folder_name)
    missing = [place for place in (path, *path.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True)
        if force_perm is not None:
            place.chmod(force_perm)


def check_enough_space(
    dataset_local_dir: str | os.PathLike[str],
    remote_fname: str | os.PathLike[str],
    local_fname: str | os.PathLike[str],
    max_disk_usage: float = 0.9,
) -> bool:
    """Whether a copy of a file leaves the disk of a directory less full than allowed.

    Args:
        dataset_local_dir: the directory.
        remote_fname: the file.
        local_fname: where the copy would be; it does not matter to the answer.
        max_disk_usage: how full the disk may be, in [0, 1].
    """
    total, used = disk_usage(dataset_local_dir)
    return used + Path(remote_fname).stat().st_size < total * max_disk_usage
