"""Ids of videos, which become names of files."""

import re

__all__ = ["checked_video_id"]

VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def checked_video_id(youtube_id: str) -> str:
    """The id, if it can be one.

    Raises:
        ValueError: if it has other characters than letters, digits, `-` and `_`.
    """
    if not VIDEO_ID.fullmatch(youtube_id):
        raise ValueError(
            f"youtube_id={youtube_id!r} is no id of a video; it is what stands behind v= in the "
            "address, of letters, digits, - and _"
        )
    return youtube_id
