"""Items of streams, kept and compared."""

import numpy as np


def copied(item):
    return tuple(np.array(part) for part in item)


def assert_same(items, expected):
    assert len(items) == len(expected)
    for item, other in zip(items, expected, strict=True):
        for part, wanted in zip(item, other, strict=True):
            assert part.dtype == wanted.dtype
            np.testing.assert_array_equal(part, wanted)
