"""Small archives and images, for tests."""

import io
import tarfile
import zipfile

import numpy as np
from PIL import Image


def picture(height, width, seed=0):
    """A picture of random bytes, `(height, width, 3)`."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(pixels, kind="PNG", **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def decoded(content):
    """What Pillow makes of an image file: `(3, height, width)`."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1)


def tar_bytes(members, mode="w"):
    """A tar archive of a dict from name, or `TarInfo`, to content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_bytes(members):
    """A zip archive of a dict from name, or `ZipInfo`, to content; `name/` is a folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def damaged(content, place, value):
    """The bytes with one of them, or, if `value` is None, all from `place` on, changed or gone."""
    place %= len(content)
    if value is None:
        return content[:place]
    return content[:place] + bytes([content[place] ^ value]) + content[place + 1 :]


def refusal(function, *args):
    """What a function says as it refuses its arguments, None if it does not."""
    try:
        function(*args)
    except ValueError as error:
        return str(error)
    return None
