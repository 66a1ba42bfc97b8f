"""The images of folders as rows of sources: pixels, or the files as they are."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuel.converters._class_folders import ClassFolders
from fuel.converters._picture_form import PictureForm
from fuel.converters._spool import Spool
from fuel.converters.base import progress_bar

__all__ = ["FILES", "PIXELS", "TARGETS", "ImageRows"]

logger = logging.getLogger(__name__)

PIXELS, FILES, TARGETS = "features", "encoded_images", "targets"
"""Names of the sources."""


@dataclass(frozen=True)
class ImageRows:
    """The images of a folder, read one by one into a spool.

    Args:
        spool: takes the rows.
        found: the images.
        form: what they are decoded to.
        keeps_files: whether the files' bytes are collected, in the source `encoded_images`, in
            place of the pixels, in `features`.
        skip_broken: whether what is no image is left out.
    """

    spool: Spool
    found: ClassFolders
    form: PictureForm
    keeps_files: bool
    skip_broken: bool

    def collect(self, name: str) -> str:
        """Read the images, and give the SHA-256 of their names, lengths and bytes.

        Args:
            name: what to call the folder.

        Raises:
            ValueError: if a file is no image, or a damaged one, and is not to be left out; if all
                of a split are.
            OSError: if a file cannot be read.
        """
        found = self.found
        source = FILES if self.keeps_files else PIXELS
        label = np.min_scalar_type(len(found.classes) - 1)
        digest = hashlib.sha256()
        broken: list[ValueError] = []
        kept: set[str] = set()
        with progress_bar(name, len(found.images)) as bar:
            for done, image in enumerate(found.images, 1):
                try:
                    content, pixels = self._read(found.path / image.name)
                except ValueError as error:
                    if not self.skip_broken:
                        raise ValueError(
                            f"{error}; repair it, move it elsewhere, or say --skip-broken"
                        ) from error
                    broken.append(error)
                    continue
                digest.update(f"{image.name}\0{len(content)}\0".encode(errors="surrogateescape"))
                digest.update(content)
                value = content if self.keeps_files else pixels
                self.spool.add_examples(image.split, source, [value])
                self.spool.add_examples(image.split, TARGETS, [np.array([image.target], label)])
                kept.add(image.split)
                bar.update(done)
        self._tell(broken, kept)
        return digest.hexdigest()

    def _read(self, path: Path) -> tuple[bytes, np.ndarray]:
        """Bytes and pixels of an image; files kept encoded are decoded to see that they can be."""
        if not path.is_file():
            raise ValueError(f"{path} is no file, or a link that leads to none")
        content = path.read_bytes()
        return content, self.form.pixels(content, path)

    def _tell(self, broken: Sequence[ValueError], kept: set[str]) -> None:
        """Name what is left out; an error if all of a split is."""
        for error in broken:
            logger.warning("left out: %s", error)
        if broken:
            logger.warning("left out %d of %d files", len(broken), len(self.found.images))
        if empty := [split for split in self.found.splits if split not in kept]:
            raise ValueError(f"no image is left for the split {empty[0]!r}: none is whole")
