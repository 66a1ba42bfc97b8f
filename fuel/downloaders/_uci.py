"""The machine learning repository of the University of California, Irvine."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from fuel.downloaders._archive_mirror import ArchiveMirror
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror

__all__ = ["uci_mirrors"]

SITE = "https://archive.ics.uci.edu"
LARGEST = 1 << 24


def uci_mirrors(name: str, number: int, files: Sequence[DataFile]) -> tuple[AbstractMirror, ...]:
    """Both ways in which the repository gives the files of a data set: one by one, and as a zip.

    Args:
        name: the name of the data set there.
        number: its number there.
        files: its files.
    """
    return (
        HTTPMirror(url=f"{SITE}/ml/machine-learning-databases/{name}/"),
        ArchiveMirror(
            url=f"{SITE}/static/public/{number}/{name}.zip",
            members=MappingProxyType({file.name: file.name for file in files}),
            max_size=LARGEST,
        ),
    )
