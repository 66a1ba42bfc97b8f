"""The batches of CIFAR-10 and CIFAR-100: pickles of Python 2 in a tar archive."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuel._files._archive import ArchiveLimits, archive_members
from fuel.converters._output import IMAGE_AXES, INDEX_AXES, write_data_set
from fuel.converters._pickled import read_pickle
from fuel.converters.base import progress_bar

__all__ = ["CifarLabels", "write_cifar"]

SHAPE = (3, 32, 32)
LARGEST = 1 << 28  # bytes of one member; those of CIFAR-100 have 155 million
CURE = "delete it and fetch it anew"
PUBLISHED = {"train": 50_000, "test": 10_000}


@dataclass(frozen=True, kw_only=True)
class CifarLabels:
    """One kind of label.

    Args:
        key: what a batch calls it.
        source: what the HDF5 file calls it.
        classes: how many classes there are.
    """

    key: str
    source: str
    classes: int


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """One file of images.

    Args:
        features: `(images, 3, 32, 32)` bytes.
        labels: for each kind of label, `(images, 1)` bytes.
    """

    features: npt.NDArray[np.uint8]
    labels: Mapping[str, npt.NDArray[np.uint8]]


def write_cifar(
    archive: Path,
    output: Path,
    *,
    members: Mapping[str, Sequence[str]],
    kinds: Sequence[CifarLabels],
) -> tuple[str]:
    """Write the HDF5 file of an archive: `features`, and a source for each kind of label.

    Args:
        archive: a tar archive, packed or not.
        output: the file.
        members: for each split its batches in the archive.
        kinds: the kinds of labels.

    Returns:
        The path of the file written.

    Raises:
        ValueError: if the archive is damaged, lacks a member, or a member is damaged.
        OSError: if it cannot be read, or the file cannot be written.
    """
    batches = _read(
        archive,
        [name for names in members.values() for name in names],
        {kind.key: kind.classes for kind in kinds},
    )
    data: list[tuple[Any, ...]] = []
    for split, names in members.items():
        parts = [batches[name] for name in names]
        data.append((split, "features", np.concatenate([part.features for part in parts])))
        for kind in kinds:
            labels = np.concatenate([part.labels[kind.key] for part in parts])
            data.append((split, kind.source, labels))
    axes = {"features": IMAGE_AXES, **{kind.source: INDEX_AXES for kind in kinds}}
    return write_data_set(output, data, axes=axes, inputs=[archive], published=PUBLISHED)


def _read(archive: Path, members: Collection[str], classes: Mapping[str, int]) -> dict[str, _Batch]:
    """The batches in an archive, by the names of the members.

    The archive is not unpacked, and nothing that its pickles name is run.

    Args:
        archive: a tar archive, packed or not.
        members: the members wanted.
        classes: for each kind of label in a batch, how many classes there are.

    Raises:
        ValueError: if the archive is damaged, lacks a member, or a member is damaged.
        OSError: if it cannot be read.
    """
    found: dict[str, _Batch] = {}
    with progress_bar(archive.name, len(members), "Reading") as bar:
        for member in archive_members(archive, limits=ArchiveLimits(members=1000)):
            if member.name not in members or member.name in found:
                continue
            label = f"{archive}: {member.name}"
            if member.size > LARGEST:
                raise ValueError(f"{label} claims {member.size} bytes, more than {LARGEST}")
            found[member.name] = _batch(member.file.read(), label, classes)
            bar.update(len(found))
    if missing := [name for name in members if name not in found]:
        raise ValueError(f"{archive} has no {', '.join(missing)}; {CURE}")
    return found


def _batch(content: bytes, label: str, classes: Mapping[str, int]) -> _Batch:
    try:
        batch = read_pickle(content)
    except ValueError as error:
        raise ValueError(f"{label} is damaged, or no batch of images: {error}; {CURE}") from error
    wanted = ["data", *classes]
    if not isinstance(batch, dict) or any(key not in batch for key in wanted):
        raise ValueError(f"{label} is no batch of images: it lacks some of {', '.join(wanted)}")
    data = batch["data"]
    pixels = int(np.prod(SHAPE))
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or data.shape[1:] not in ((pixels,), SHAPE)
    ):
        kind = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise ValueError(f"{label}: its data are {kind}, not (images, {pixels}) bytes; {CURE}")
    return _Batch(
        features=data.reshape(-1, *SHAPE),
        labels={
            name: _labels(batch[name], len(data), count, f"{label}: {name}")
            for name, count in classes.items()
        },
    )


def _labels(values: Any, images: int, classes: int, label: str) -> npt.NDArray[np.uint8]:
    if isinstance(values, list) and all(type(value) is int for value in values):
        values = np.array(values, dtype=np.int64 if _fits(values) else object)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
        raise ValueError(f"{label} are no integers; {CURE}")
    if values.shape != (images,):
        raise ValueError(f"{label} are of shape {values.shape}, for {images} images; {CURE}")
    if images and not (values.min() >= 0 and values.max() < classes):
        raise ValueError(
            f"{label} are from {values.min()} to {values.max()}, not 0 to {classes - 1}; {CURE}"
        )
    return values.astype(np.uint8).reshape(-1, 1)


def _fits(values: list[int]) -> bool:
    return all(abs(value) < 1 << 62 for value in values)
