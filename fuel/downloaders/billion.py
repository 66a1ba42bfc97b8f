"""The billion-word benchmark: shuffled sentences of news (Chelba and others, 2013)."""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from fuel._files._archive import ArchiveError, archive_members
from fuel._files._publish import publish
from fuel._progress import progress_bar
from fuel.downloaders.base import DownloadError, clear_files
from fuel.downloaders.mirrors import DataFile, HTTPMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["FOLDER", "PARTITIONS", "RECIPE", "download_billion", "fill_subparser"]

logger = logging.getLogger(__name__)

FOLDER = "1-billion-word"
"""What the archive is unpacked into."""

RECIPE = Recipe(
    name="billion",
    contents="the billion-word benchmark (1.8 GB)",
    source="It is from https://www.statmt.org/lm-benchmark/.",
    files=(
        DataFile(
            name="1-billion-word-language-modeling-benchmark-r13output.tar.gz",
            sha256="01ba60381110baf7f189dfd2b8374de371e8c9a340835793f190bdae9e90a34e",
            size=1792209805,
        ),
    ),
    mirrors=(HTTPMirror(url="http://www.statmt.org/lm-benchmark/"),),
)
"""The files of the billion-word benchmark, their checksums, and who has them."""

PARTITIONS: Mapping[str, tuple[str, ...]] = {
    "training-monolingual.tokenized.shuffled": tuple(
        f"news.en-{number:05d}-of-00100" for number in range(1, 100)
    ),
    "heldout-monolingual.tokenized.shuffled": tuple(
        f"news.en.heldout-{number:05d}-of-00050" for number in range(50)
    ),
}
"""The files of each part, by the folder that they are unpacked into."""


def download_billion(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    recipe: Recipe = RECIPE,
    partitions: Mapping[str, Sequence[str]] = PARTITIONS,
) -> None:
    """Put the benchmark's text into a directory, ready for `fuel.datasets.OneBillionWord`.

    The archive is fetched, verified, and of it the partitions alone are unpacked, to
    `1-billion-word/training-monolingual.tokenized.shuffled/news.en-00001-of-00100` and so on;
    each appears when it is whole. If all are there nothing is done, so that the archive can be
    deleted.

    Args:
        directory: where to; made if it is not there.
        clear: delete the archive and the partitions instead.
        recipe: of the archive.
        partitions: names of the files in each folder.

    Raises:
        DownloadError: if no mirror has the archive, or it is not what it should be.
        OSError: if a file cannot be written.
    """
    root = Path(directory) / FOLDER
    wanted = {
        f"{folder}/{name}": root / folder / name
        for folder, names in partitions.items()
        for name in names
    }
    if clear:
        _clear(directory, recipe, root, partitions)
        return
    missing = {name: path for name, path in wanted.items() if not path.is_file()}
    if missing:
        recipe.download(directory)
        _unpack(Path(directory) / recipe.files[0].name, missing)
    logger.info("all %d partitions are in %s", len(wanted), root)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Describe the command `fuel-download billion`, which has no arguments of its own."""
    subparser.description = (
        f"Get {RECIPE.contents} and unpack it (another 4.1 GB). It is text, and needs no "
        f"fuel-convert. {RECIPE.source}"
    )
    return download_billion


def _unpack(archive: Path, missing: Mapping[str, Path]) -> None:
    for path in missing.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    left = dict(missing)
    try:
        with progress_bar("partitions", len(missing), "Unpacking") as bar:
            for member in archive_members(archive):
                name = "/".join(member.name.split("/")[-2:])
                if name in left:
                    _write(member.file, left.pop(name))
                    bar.update(len(missing) - len(left))
    except ArchiveError as error:
        raise DownloadError(f"{error}; delete it and run the same command again") from error
    if left:
        raise DownloadError(f"{archive} lacks {len(left)} partitions, among them {min(left)}")


def _write(content: BinaryIO, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as output:
            shutil.copyfileobj(content, output, 1 << 20)
        publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _clear(
    directory: str | os.PathLike[str],
    recipe: Recipe,
    root: Path,
    partitions: Mapping[str, Sequence[str]],
) -> None:
    cleared = clear_files(directory, recipe.filenames)
    for folder, names in partitions.items():
        cleared += clear_files(root / folder, names)
    for path in (*(root / folder for folder in partitions), root):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    what = f"{len(cleared)} files" if cleared else "nothing was there"
    logger.info("deleted from %s: %s", directory, what)
