"""The first 512 bytes of a checkpoint: a few lines of text that hold the SHA-256 of the rest.

HDF5 leaves such a block at the start of a file to its user, so the file stays one that every
HDF5 program opens, and not one bit of it, padding included, is outside of the digest.
"""

import hashlib

from mainloop.checkpoint.errors import CheckpointError

FORMAT = 1
SIZE = 512  # the smallest user block that HDF5 knows
_TITLE = b"mainloop checkpoint\n"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def header_of(body: bytes | memoryview) -> bytes:
    """The block that goes before `body`, an HDF5 file."""
    return _header(FORMAT, body)


def opened(content: bytes) -> memoryview:
    """The HDF5 file within a whole checkpoint, after every byte was checked.

    Raises:
        CheckpointError: if the content is foreign, cut short, damaged, or of another format.
    """
    body = memoryview(content)[SIZE:]
    if not content:
        raise CheckpointError("it is empty")
    if content[: len(_TITLE)] != _TITLE[: len(content)]:
        raise CheckpointError(_stranger(content))
    if len(content) < SIZE:
        raise CheckpointError(f"it is cut short: it ends after {len(content)} bytes")
    fields = dict(line.partition(b" ")[::2] for line in content[len(_TITLE) : SIZE].split(b"\n"))
    length = fields.get(b"length", b"")
    if length.isdigit() and len(body) < int(length):
        raise CheckpointError(
            f"it is cut short or its header is damaged: {len(body)} bytes follow the header, "
            f"which announces {int(length)}"
        )
    version = fields.get(b"format", b"")
    if not version.isdigit() or content[:SIZE] != _header(int(version), body):
        raise CheckpointError(
            "it is damaged: its bytes do not have the SHA-256 that its first lines tell"
        )
    if int(version) != FORMAT:
        raise CheckpointError(
            f"it is of format {int(version)}, and this version reads format {FORMAT}; "
            "load it with the version that wrote it"
        )
    return body


def is_foreign(head: bytes) -> bool:
    """Whether a file that starts so was not written as a checkpoint, not even a damaged one.

    Args:
        head: the first 520 bytes of the file, or all of a shorter one.
    """
    return bool(head) and head[: len(_TITLE)] != _TITLE and head[SIZE:] != _HDF5


def _header(version: int, body: bytes | memoryview) -> bytes:
    about = b"format %d\nlength %d\n" % (version, len(body))
    digest = hashlib.sha256(about)
    digest.update(body)
    text = _TITLE + about + b"sha256 %s\n" % digest.hexdigest().encode()
    return text.ljust(SIZE - 1, b" ") + b"\n"


def _stranger(content: bytes) -> str:
    if content[SIZE : SIZE + len(_HDF5)] == _HDF5:
        return "its header is damaged, or it was written by another program"
    if content.startswith(_HDF5):
        return "it is an HDF5 file, but not one that a run wrote as its checkpoint"
    return "it is not a checkpoint: it starts with neither the header of one nor an HDF5 file"
