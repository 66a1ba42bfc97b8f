"""The sound of a video."""

from __future__ import annotations

from typing import Any

from fuel._video_id import checked_video_id
from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["YouTubeAudio"]


class YouTubeAudio(H5PYDataset):
    """The sound of one video, as a single example in the split `train`.

    Reads `<youtube_id>.hdf5` from the data path, as `fuel-download youtube_audio` and
    `fuel-convert youtube_audio` make it. The source is `features`, `(1, time, channels)` 16-bit
    integers.

    Args:
        youtube_id: of the video.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path.
        ValueError: if `youtube_id` can be no id; and as for `H5PYDataset`.
    """

    def __init__(self, youtube_id: str, **kwargs: Any) -> None:
        self.filename = f"{checked_video_id(youtube_id)}.hdf5"
        super().__init__(find_in_data_path(self.filename), ("train",), **kwargs)
