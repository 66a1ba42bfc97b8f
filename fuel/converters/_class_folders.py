"""Folders of images, one for each class, with or without a folder for each split above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fuel._files._extraction import extract_archive
from fuel.converters._own_splits import ONE_SPLIT, Draw

__all__ = ["ClassFolders", "LabelledImage", "unpacked_folder"]

NOT_DATA = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True, kw_only=True)
class LabelledImage:
    """An image of a folder.

    Args:
        split: which it belongs to.
        target: the number of its class.
        name: its path below the folder.
    """

    split: str
    target: int
    name: str


@dataclass(frozen=True, kw_only=True)
class ClassFolders:
    """The images in a folder, and their classes.

    Args:
        path: the folder.
        images: in alphabetical order of splits, classes and names.
        classes: the names of the classes, in alphabetical order.
        splits: the names of the splits, in alphabetical order or that in which they were given.
    """

    path: Path
    images: Sequence[LabelledImage]
    classes: Sequence[str]
    splits: Sequence[str]

    @classmethod
    def of(cls, path: Path, has_splits: bool, is_nested: bool) -> ClassFolders:
        """What is in a folder.

        Args:
            path: the folder.
            has_splits: whether the folders of the classes are in folders of splits.
            is_nested: whether images may be in folders of the folder of their class.

        Raises:
            FileNotFoundError: if it is not there.
            ValueError: if there are files where folders should be, or the other way round, or
                nothing at all.
        """
        if not path.is_dir():
            raise FileNotFoundError(f"there is no folder or archive {path}")
        places = {p.name: p for p in _folders(path)} if has_splits else {ONE_SPLIT: path}
        classes = sorted({folder.name for place in places.values() for folder in _folders(place)})
        numbers = {name: number for number, name in enumerate(classes)}
        images = [
            LabelledImage(
                split=split, target=numbers[folder.name], name=str(image.relative_to(path))
            )
            for split, place in places.items()
            for folder in _folders(place)
            for image in _images(folder, is_nested)
        ]
        if not images:
            raise ValueError(f"there is no image in the folders of {path}")
        return cls(path=path, images=images, classes=classes, splits=[*places])

    def drawn(self, draw: Draw) -> ClassFolders:
        """The same images with the splits that they are drawn for."""
        splits = [draw.names[number] for number in draw.numbers]
        pairs = zip(self.images, splits, strict=True)
        images = [replace(image, split=split) for image, split in pairs]
        return replace(self, images=images, splits=draw.names)


def unpacked_folder(archive: Path, directory: Path) -> Path:
    """Unpack an archive into a new directory, and give the folder in it that has the rest.

    Archives often hold one folder, in which all the rest is.

    Raises:
        FileNotFoundError: if there is no such archive.
        ValueError: if it is none, or damaged, or leads outside.
    """
    if not archive.is_file():
        raise FileNotFoundError(f"there is no folder or archive {archive}")
    extract_archive(archive, directory)
    path, inside = directory, _entries(directory)
    while len(inside) == 1 and inside[0].is_dir() and any(p.is_dir() for p in _entries(inside[0])):
        path, inside = inside[0], _entries(inside[0])
    return path


def _entries(path: Path) -> list[Path]:
    """What is in a folder, in alphabetical order, without what systems put there by themselves."""
    return sorted(
        entry
        for entry in path.iterdir()
        if not entry.name.startswith((".", "__MACOSX")) and entry.name.lower() not in NOT_DATA
    )


def _folders(path: Path) -> list[Path]:
    entries = _entries(path)
    if files := [entry for entry in entries if not entry.is_dir()]:
        raise ValueError(
            f"{files[0]} is a file where only folders are expected, for classes or splits; put it "
            "into the folder of its class, or elsewhere"
        )
    if not entries:
        raise ValueError(f"there is nothing in {path}; it needs a folder for each class")
    return entries


def _images(folder: Path, is_nested: bool) -> Iterator[Path]:
    for entry in _entries(folder):
        if not entry.is_dir():
            yield entry
            continue
        if not is_nested:
            raise ValueError(
                f"{entry} is a folder where only images are expected; if the first folders are "
                "those of splits, say --split-folders, or if images of a class lie deeper, --nested"
            )
        if entry.is_symlink() and folder.resolve().is_relative_to(entry.resolve()):
            raise ValueError(f"{entry} is a link to a folder that it is in itself; take it out")
        yield from _images(entry, is_nested)
