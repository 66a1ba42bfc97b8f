"""What the first bytes of an image file say, read without a library of pictures."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["ImageHeader", "image_header"]

PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # by color type; the numbers of a palette stand for 3
START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
HAS_ALPHA = 1 << 28  # in the head of WebP without loss
MAY_HAVE_ALPHA = 0x10  # in the flags of extended WebP


@dataclass(frozen=True)
class ImageHeader:
    """What an image is.

    Args:
        kind: of file, as media types name it: `jpeg`, `png`, `gif`, `webp` or `bmp`.
        height: in pixels, as stored.
        width: the same.
        channels: 1 for grey, 3 for colors, one more for opacity; 4 also for colors of print.
    """

    kind: str
    height: int
    width: int
    channels: int


def image_header(content: memoryview) -> ImageHeader | None:
    """What a file that begins like this is; None if it is no image of a kind known here.

    Args:
        content: its beginning; some hundred bytes do, but for JPEG with remarks before the image.
    """
    for magic, read in KINDS:
        if content[: len(magic)] == magic:
            try:
                return read(content)
            except (struct.error, KeyError, IndexError):
                return None
    return None


def _png(content: memoryview) -> ImageHeader:
    width, height, _, color = struct.unpack_from(">IIBB", content, 16)
    return ImageHeader("png", height, width, PNG_CHANNELS[color])


def _jpeg(content: memoryview) -> ImageHeader | None:
    place = 2
    while True:
        while content[place] == content[place + 1] == 0xFF:  # markers may be preceded by more
            place += 1
        mark, marker, length = struct.unpack_from(">BBH", content, place)
        if mark != 0xFF or length < 2:
            return None
        if marker in START_OF_FRAME:
            height, width, channels = struct.unpack_from(">HHB", content, place + 5)
            return ImageHeader("jpeg", height, width, channels)
        place += 2 + length


def _gif(content: memoryview) -> ImageHeader:
    width, height = struct.unpack_from("<HH", content, 6)
    return ImageHeader("gif", height, width, 3)


def _webp(content: memoryview) -> ImageHeader | None:
    form = bytes(content[8:16])
    if form == b"WEBPVP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return ImageHeader("webp", height & 0x3FFF, width & 0x3FFF, 3)
    if form == b"WEBPVP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        channels = 4 if bits & HAS_ALPHA else 3
        return ImageHeader("webp", (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1, channels)
    if form == b"WEBPVP8X":
        channels = 4 if content[20] & MAY_HAVE_ALPHA else 3
        width, height = (int.from_bytes(content[p : p + 3], "little") + 1 for p in (24, 27))
        return ImageHeader("webp", height, width, channels)
    return None


def _bmp(content: memoryview) -> ImageHeader:
    width, height = struct.unpack_from("<ii", content, 18)
    return ImageHeader("bmp", abs(height), width, 3)


KINDS: tuple[tuple[bytes, Callable[[memoryview], ImageHeader | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"GIF8", _gif),
    (b"RIFF", _webp),
    (b"BM", _bmp),
)
