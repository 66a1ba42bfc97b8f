"""Seeded orders of a whole epoch, which are kept for who asks again, and made before they are due.

To sort the random bits of ten million examples takes most of a second. Once an epoch is half over,
the next one's order is made in a thread, so that no epoch begins with a pause.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from fuel._orders import Order
from fuel._shuffle import philox, random_order

__all__ = ["MANY", "OrderWithNext", "begin_order", "seeded_order"]

MANY = 1 << 18
"""Examples whose order takes some 20 ms or more, which is worth a thread."""
_KEPT_OF_MANY, _KEPT_OF_FEW = 2, 8
"""Orders that are kept: those of this epoch and the next, for one stream or for several small."""

_Key = tuple[str, int, int, int]
_orders: dict[_Key, Future[np.ndarray]] = {}
_lock = threading.Lock()


def seeded_order(purpose: str, seed: int, epoch: int, examples: int) -> np.ndarray:
    """A uniformly random order of `examples` indices; waited for, if it is being made.

    Returns:
        `(examples,)` 64-bit integers, each of 0 to `examples` - 1 once; not to be written to.
    """
    key = (purpose, seed, epoch, examples)
    future, is_new = _future(key)
    if is_new:
        _make(key, future)
    return future.result()


def begin_order(purpose: str, seed: int, epoch: int, examples: int) -> None:
    """Make an order in a thread, for `seeded_order` to give later."""
    key = (purpose, seed, epoch, examples)
    future, is_new = _future(key)
    if is_new:
        threading.Thread(target=_make, args=(key, future), name="fuel-order", daemon=True).start()


class OrderWithNext(Order):
    """An order held in an array, which has the next one begun when half of it was read.

    Args:
        order: one-dimensional.
        begin_next: is called once.
    """

    def __init__(self, order: np.ndarray, begin_next: Callable[[], None]) -> None:
        super().__init__(len(order))
        self.order = order
        self._begin_next: Callable[[], None] | None = begin_next

    def part(self, start: int, stop: int) -> np.ndarray:
        """The indices at `start` to `stop` - 1."""
        if self._begin_next is not None and 2 * start >= self.length:
            begin_next, self._begin_next = self._begin_next, None
            begin_next()
        return self.order[start:stop]


def _future(key: _Key) -> tuple[Future[np.ndarray], bool]:
    """What will hold an order, and whether it is still to be made by who asks."""
    with _lock:
        known = _orders.pop(key, None)
        future: Future[np.ndarray] = Future() if known is None else known
        _orders[key] = future  # as the one that was asked for last
        alike = [other for other in _orders if (other[-1] >= MANY) is (key[-1] >= MANY)]
        for oldest in alike[: -(_KEPT_OF_MANY if key[-1] >= MANY else _KEPT_OF_FEW)]:
            del _orders[oldest]
    return future, known is None


def _make(key: _Key, future: Future[np.ndarray]) -> None:
    purpose, seed, epoch, examples = key
    try:
        order = random_order(philox(purpose, seed, epoch), examples)
    except BaseException as error:
        with _lock:
            _orders.pop(key, None)
        future.set_exception(error)
        return
    order.flags.writeable = False
    future.set_result(order)
