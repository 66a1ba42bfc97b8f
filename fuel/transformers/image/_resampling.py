"""Images between their pixels: enlarging and rotating arrays of any number type.

Pixel i covers the positions from i to i + 1, so its middle is at i + 1/2. `nearest` takes the pixel
that covers a position, `bilinear` weighs the 2 by 2 pixels around it, and `bicubic` the 4 by 4 with
the cubic convolution of R. G. Keys, "Cubic convolution interpolation for digital image processing",
IEEE Transactions on Acoustics, Speech, and Signal Processing 29(6), 1981, a = -1/2. Beyond the edge
lies the pixel at the edge again.
"""

import math

import numpy as np

__all__ = ["FILTERS", "checked_filter", "enlarge", "rotate"]

FILTERS = ("nearest", "bilinear", "bicubic")


def checked_filter(resample: str) -> str:
    """The name of a filter, in small letters.

    Raises:
        ValueError: if there is none of this name.
    """
    if not isinstance(resample, str) or resample.lower() not in FILTERS:
        raise ValueError(f"unknown resampling filter {resample!r}; choose one of {FILTERS}")
    return resample.lower()


def enlarge(image: np.ndarray, shape: tuple[int, int], resample: str) -> np.ndarray:
    """An image with more rows and columns.

    Args:
        image: `(..., height, width)` of any number type.
        shape: height and width of the result, neither smaller than the image's.
        resample: one of `FILTERS`.

    Returns:
        `(..., *shape)` of the image's type; integers are rounded.
    """
    computed = _computable(image, resample)
    for axis, size in zip((-2, -1), shape, strict=True):
        old = image.shape[axis]
        if size != old:
            positions = (np.arange(size) + 0.5) * (old / size)
            computed = _sample_along(computed, axis, positions, resample)
    return _restored(computed, image.dtype)


def rotate(image: np.ndarray, angle: float, resample: str) -> np.ndarray:
    """An image turned about its middle; what comes from outside of it is 0.

    Args:
        image: `(channel, height, width)` of any number type.
        angle: by how much, counter-clockwise, in radians.
        resample: one of `FILTERS`.

    Returns:
        An array like `image`; integers are rounded.
    """
    channels, height, width = image.shape
    x = np.arange(width) + 0.5 - width / 2
    y = (np.arange(height) + 0.5 - height / 2)[:, None]
    across = math.cos(angle) * x - math.sin(angle) * y + width / 2
    down = math.sin(angle) * x + math.cos(angle) * y + height / 2
    outside = (across < 0) | (across >= width) | (down < 0) | (down >= height)
    pixels = _computable(image, resample).reshape(channels, height * width)
    sums: np.ndarray | None = None
    for row, row_weights in _taps(down, height, resample):
        for column, column_weights in _taps(across, width, resample):
            part = pixels.take(row * width + column, axis=1)
            if row_weights is None or column_weights is None:
                sums = part
                continue
            part *= (row_weights * column_weights).astype(part.dtype)
            sums = part if sums is None else np.add(sums, part, out=sums)
    assert sums is not None
    out = _restored(sums, image.dtype)
    np.copyto(out, np.zeros((), out.dtype), where=outside)
    return out


def _sample_along(
    pixels: np.ndarray, axis: int, positions: np.ndarray, resample: str
) -> np.ndarray:
    sums: np.ndarray | None = None
    for index, weights in _taps(positions, pixels.shape[axis], resample):
        part = pixels.take(index, axis=axis)
        if weights is None:
            return part
        part *= (weights if axis == -1 else weights[:, None]).astype(part.dtype)
        sums = part if sums is None else np.add(sums, part, out=sums)
    assert sums is not None
    return sums


def _taps(
    positions: np.ndarray, size: int, resample: str
) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """For each pixel that counts at a position, its index and weight; no weight if it is alone."""
    last = size - 1
    if resample == "nearest":
        return [(np.clip(np.floor(positions).astype(np.intp), 0, last), None)]
    middle = positions - 0.5
    first = np.floor(middle)
    beyond = middle - first
    start = first.astype(np.intp)
    if resample == "bilinear":
        weights = [(0, 1 - beyond), (1, beyond)]
    else:
        weights = [(step, _cubic(np.abs(beyond - step))) for step in (-1, 0, 1, 2)]
    return [(np.clip(start + step, 0, last), weight) for step, weight in weights]


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys's kernel, his equation (15), at distances of at most 2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance <= 1, near, far)


def _computable(image: np.ndarray, resample: str) -> np.ndarray:
    """The image in a type that weighted sums can be made in."""
    if resample == "nearest" or (image.dtype.kind in "fc" and image.dtype.itemsize > 2):
        return image
    return image.astype(np.float32 if image.dtype.itemsize <= 2 else np.float64)


def _restored(computed: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Weighted sums as the image's type."""
    if computed.dtype == dtype:
        return computed
    if dtype.kind in "fc":
        return computed.astype(dtype)
    if dtype.kind == "b":
        return computed >= 0.5
    limits = np.iinfo(dtype)
    return np.clip(np.rint(computed), limits.min, limits.max).astype(dtype)
