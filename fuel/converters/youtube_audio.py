"""The sound of a video into an HDF5 file, decoded by the program ffmpeg."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from fuel._video_id import checked_video_id
from fuel.converters._axes import name_axes
from fuel.converters.base import create_hdf5, progress_bar, record_inputs
from fuel.datasets.hdf5 import H5PYDataset
from fuel.exceptions import MissingInputFiles

__all__ = ["convert_youtube_audio", "fill_subparser"]

SAMPLE = np.dtype("<i2")
PIECE = 1 << 20


def convert_youtube_audio(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    youtube_id: str,
    channels: int = 1,
    sample: int = 16000,
    output_filename: str | None = None,
) -> tuple[str]:
    """Make one HDF5 file of the sound of a video: one example, in the split `train`.

    The source is `features`, `(1, time, channels)` 16-bit integers with axes batch, time,
    feature. It needs the program ffmpeg.

    Args:
        directory: where `<youtube_id>.m4a` is.
        output_directory: where to write.
        youtube_id: of the video.
        channels: how many to mix the sound down or up to.
        sample: samples a second.
        output_filename: `<youtube_id>.hdf5` if None.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if the sound is not there.
        ValueError: if an argument cannot be, ffmpeg is not there, or it cannot decode the sound.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    youtube_id = checked_video_id(youtube_id)
    if channels < 1 or sample < 1:
        raise ValueError(f"channels={channels} and sample={sample} must be at least 1")
    sound = Path(directory) / f"{youtube_id}.m4a"
    if not sound.is_file():
        message = f"required files are missing from {directory}: {sound.name}"
        raise MissingInputFiles(message, [sound.name])
    output = Path(output_directory) / (output_filename or f"{youtube_id}.hdf5")
    with tempfile.TemporaryFile(dir=output_directory) as samples, create_hdf5(output) as h5file:
        _decode(sound, channels, sample, samples)
        _write(h5file, samples, channels, sound.name)
        record_inputs(h5file, [sound])
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert youtube_audio`."""
    subparser.description = (
        "Make <id>.hdf5 of the sound of a video, as fuel-download youtube_audio gets it. It needs "
        "the program ffmpeg."
    )
    subparser.add_argument(
        "--youtube-id",
        required=True,
        help="the video's id, usually 11 characters, as in the address behind v=",
    )
    subparser.add_argument(
        "--channels", type=int, default=1, help="how many channels to mix to (default: 1)"
    )
    subparser.add_argument(
        "--sample", type=int, default=16000, help="samples a second (default: 16000)"
    )
    return convert_youtube_audio


def _decode(sound: Path, channels: int, sample: int, output: BinaryIO) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise ValueError(
            "decoding sound needs the program ffmpeg, and there is none on the PATH; install it, "
            "for instance with the system's package manager"
        )
    source = ["-nostdin", "-v", "error", "-i", str(sound.resolve()), "-vn"]
    format_ = ["-f", "s16le", "-ac", str(channels), "-ar", str(sample), "-"]
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [ffmpeg, *source, *format_],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=said,
            check=False,
        )
        said.seek(0)
        lines = said.read(1 << 16).decode(errors="replace").strip().splitlines() or ["nothing"]
    size = output.seek(0, os.SEEK_END)
    if done.returncode != 0 or size == 0 or size % (channels * SAMPLE.itemsize):
        raise ValueError(
            f"ffmpeg could not decode {sound}: it ended with status {done.returncode} after "
            f"{size} bytes, saying: {lines[-1]}"
        )


def _write(h5file: h5py.File, samples: BinaryIO, channels: int, name: str) -> None:
    count = samples.seek(0, os.SEEK_END) // SAMPLE.itemsize
    time = count // channels
    features = h5file.create_dataset("features", (1, time, channels), SAMPLE)
    name_axes(features, "batch", "time", "feature")
    rows = max(1, PIECE // (channels * SAMPLE.itemsize))
    samples.seek(0)
    with progress_bar(name, time) as bar:
        for start in range(0, time, rows):
            stop = min(start + rows, time)
            piece = samples.read((stop - start) * channels * SAMPLE.itemsize)
            features[0, start:stop] = np.frombuffer(piece, SAMPLE).reshape(-1, channels)
            bar.update(stop)
    h5file.attrs["split"] = H5PYDataset.create_split_array({"train": {"features": (0, 1)}})
