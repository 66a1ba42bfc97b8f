"""The sound of a video, fetched by the program yt-dlp."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from fuel._files._publish import publish
from fuel._video_id import checked_video_id
from fuel.downloaders._printable import printable
from fuel.downloaders.base import DownloadError, clear_files, ensure_directory_exists

__all__ = ["download_youtube_audio", "fill_subparser"]

logger = logging.getLogger(__name__)

PROGRAMS = ("yt-dlp", "youtube-dl")


def download_youtube_audio(
    directory: str | os.PathLike[str], youtube_id: str, clear: bool = False
) -> None:
    """Put the sound of a video into a directory as `<youtube_id>.m4a`, or clear it from there.

    It needs the program yt-dlp (or youtube-dl). A file that is there is not fetched again.

    Args:
        directory: where to; made if it is not there.
        youtube_id: of the video.
        clear: delete the file instead.

    Raises:
        ValueError: if `youtube_id` can be no id.
        DownloadError: if the program is not there, or cannot have the sound.
        OSError: if the file cannot be written.
    """
    name = f"{checked_video_id(youtube_id)}.m4a"
    if clear:
        cleared = clear_files(directory, [name])
        logger.info("deleted from %s: %s", directory, ", ".join(cleared) or "nothing was there")
        return
    ensure_directory_exists(directory)
    target = Path(directory) / name
    if target.is_file():
        logger.info("%s is there already", target)
        return
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise DownloadError(
            "fetching sound needs the program yt-dlp, and there is none on the PATH: "
            "pip install yt-dlp"
        )
    with tempfile.TemporaryDirectory(prefix=".fuel-sound-", dir=directory) as scratch:
        arrived = (Path(scratch) / name).resolve()
        _run(program, youtube_id, arrived)
        publish(arrived, target)
    logger.info("wrote %s", target)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download youtube_audio`."""
    subparser.description = (
        "Get the sound of a video as <id>.m4a, by the program yt-dlp. After it, fuel-convert "
        "youtube_audio makes an HDF5 file of it."
    )
    subparser.add_argument(
        "--youtube-id",
        required=True,
        help="the video's id, usually 11 characters, as in the address behind v=",
    )
    return download_youtube_audio


def _run(program: str, youtube_id: str, arrived: Path) -> None:
    address = f"https://www.youtube.com/watch?v={youtube_id}"
    options = ["--no-playlist", "-f", "bestaudio[ext=m4a]", "-o", str(arrived).replace("%", "%%")]
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [program, *options, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            check=False,
        )
        said.seek(0)
        lines = said.read(1 << 16).decode(errors="replace").strip().splitlines() or ["nothing"]
    if done.returncode != 0 or not arrived.is_file() or arrived.stat().st_size == 0:
        raise DownloadError(
            f"{Path(program).name} has no sound of {youtube_id}: it ended with status "
            f"{done.returncode}, saying: {printable(lines[-1])}"
        )
