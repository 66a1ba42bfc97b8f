"""What is to be had of a data set, and where, said once."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fuel.downloaders._address_mirror import AddressMirror
from fuel.downloaders._http import DownloadError
from fuel.downloaders._part import DataFile
from fuel.downloaders.base import clear_files
from fuel.downloaders.mirrors import AbstractMirror, fetch
from fuel.exceptions import NeedURLPrefix

__all__ = ["Recipe"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The files of a data set as they should be, and the places that have them.

    Args:
        name: what the commands call the data set.
        contents: what the files are, and how large, in words that can follow "Get".
        source: who gives them, and on which terms, in a sentence or more.
        files: those that are wanted.
        unpacked: the same files in another form, in the same order, that will do as well; or
            none at all.
        mirrors: where to try, in turn.
        withheld: the names of those files that are given to registered persons alone, at an
            address that they are told.

    Raises:
        ValueError: if `unpacked` does not fit `files`, or a file is withheld that is none of
            them.
    """

    name: str
    contents: str
    source: str
    files: Sequence[DataFile]
    unpacked: Sequence[DataFile] = ()
    mirrors: Sequence[AbstractMirror] = ()
    withheld: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.unpacked) not in (0, len(self.files)):
            raise ValueError(
                f"there are {len(self.files)} files, but {len(self.unpacked)} unpacked; name one "
                "for each, or none"
            )
        if unknown := sorted(set(self.withheld) - set(self.filenames)):
            raise ValueError(f"{', '.join(unknown)}: withheld, but not among the files")

    @property
    def filenames(self) -> list[str]:
        """The name of each file."""
        return [file.name for file in self.files]

    @property
    def urls(self) -> list[str | None]:
        """For each file the first address at which it is to be had as it is; None for none."""
        return [self._url(name) for name in self.filenames]

    @property
    def description(self) -> str:
        """What the command does."""
        return (
            f"Get {self.contents}. After it, fuel-convert {self.name} makes an HDF5 file of it. "
            f"{self.source}"
        )

    def fill_subparser(self, subparser: argparse.ArgumentParser) -> Callable[..., None]:
        """Describe the command `fuel-download NAME`, and give the function that it calls.

        As in Fuel, `urls` and `filenames` are defaults of the parser.
        """
        subparser.description = self.description
        subparser.set_defaults(urls=self.urls, filenames=self.filenames)
        if self.withheld:
            subparser.add_argument(
                "-P",
                "--url-prefix",
                help="what to put before the names of the files that are given to registered "
                "persons alone; ends with a slash",
            )
        return self.download

    def download(
        self,
        directory: str | os.PathLike[str],
        clear: bool = False,
        *,
        urls: Sequence[str | None] | None = None,
        filenames: Sequence[str] | None = None,
        url_prefix: str | None = None,
    ) -> None:
        """Put the files into a directory, or clear them from it.

        Those that are there are verified, and not fetched again. One whose checksum nobody
        knows is taken as it is, since a file gets its name when it is whole.

        Args:
            directory: where to; made if it is not there.
            clear: delete the files instead, in all their forms.
            urls: for each of `filenames` the address to try first, or None; those of the recipe
                if None.
            filenames: which of the files; all if None.
            url_prefix: what to put before the names of files after all mirrors failed.

        Raises:
            ValueError: if there are not as many `urls` as `filenames`, or one of these is not
                among the files.
            NeedURLPrefix: if withheld files are missing, and there is no `url_prefix`.
            DownloadError: if a file cannot be had, or is damaged; says why, and what to do by
                hand.
            OSError: if it cannot be written.
        """
        names = self.filenames if filenames is None else list(filenames)
        wanted = self._forms(names)
        if clear:
            cleared = clear_files(directory, [form.name for forms in wanted for form in forms])
            logger.info("deleted from %s: %s", directory, ", ".join(cleared) or "nothing was there")
            return
        given = self._given(names, urls)
        mirrors = list(self.mirrors)
        if given:
            mirrors.insert(0, AddressMirror(label="the given addresses", addresses=given))
        if url_prefix is not None:
            prefixed = {name: f"{url_prefix}{name}" for name in names}
            mirrors.append(AddressMirror(label="the URL prefix", addresses=prefixed))  # a secret
        else:
            self._refuse_withheld({*names} - {*given}, Path(directory))
        try:
            fetch(wanted, mirrors, Path(directory))
        except DownloadError as error:
            raise DownloadError(f"{error}\n{self.source}") from error
        logger.info("all files of %s are in %s", self.name, directory)

    def _forms(self, names: Sequence[str]) -> list[tuple[DataFile, ...]]:
        columns = (self.files, self.unpacked) if self.unpacked else (self.files,)
        forms = {row[0].name: row for row in zip(*columns, strict=True)}
        if unknown := [name for name in names if name not in forms]:
            raise ValueError(
                f"{', '.join(unknown)}: not of {self.name}, whose files are {', '.join(forms)}"
            )
        return [forms[name] for name in names]

    def _given(self, names: Sequence[str], urls: Sequence[str | None] | None) -> dict[str, str]:
        """The addresses that are not the recipe's own."""
        if urls is None:
            return {}
        if len(urls) != len(names):
            raise ValueError(
                f"there are {len(urls)} urls for {len(names)} files; give one for each, or None"
            )
        pairs = zip(names, urls, strict=True)
        return {name: url for name, url in pairs if url not in (None, self._url(name))}

    def _url(self, name: str) -> str | None:
        addresses = (mirror.address(name) for mirror in self.mirrors)
        return next((address for address in addresses if address is not None), None)

    def _refuse_withheld(self, names: set[str], directory: Path) -> None:
        missing = [
            name for name in self.withheld if name in names and not (directory / name).is_file()
        ]
        if missing:
            raise NeedURLPrefix(
                f"{', '.join(missing)}: there is no public address; give the URL prefix of a copy"
            )
