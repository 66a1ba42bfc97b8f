"""A place where each file has an address of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fuel.downloaders._http import DownloadError, Patience
from fuel.downloaders._part import DataFile
from fuel.downloaders.mirrors import AbstractMirror, fetch_from

__all__ = ["AddressMirror"]


@dataclass(frozen=True, kw_only=True)
class AddressMirror(AbstractMirror):
    """Addresses that have nothing in common, or a place that has some of the files alone.

    Args:
        label: what to call the place.
        addresses: for the names of the files that are there their addresses.
        patience: how long to wait for the server.
    """

    label: str
    addresses: Mapping[str, str]
    patience: Patience = field(default_factory=Patience)

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    def address(self, name: str) -> str | None:
        """That of the file, if it has one."""
        return self.addresses.get(name)

    def fetch(self, wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> None:
        """Get the first form of each that has an address, going on where an earlier try stopped."""
        lacking = []
        for file, *_ in wanted:
            if file.name in self.addresses:
                fetch_from(self.addresses[file.name], file, directory, self.patience)
            else:
                lacking.append(file.name)
        if lacking:
            raise DownloadError(f"it does not have {', '.join(lacking)}")
