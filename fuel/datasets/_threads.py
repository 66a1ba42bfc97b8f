"""Work that is spread over threads, where it releases Python's lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from fuel._cores import cores_at_hand

__all__ = ["Threads"]


class Threads:
    """As many threads as this process may use processors; they start when first needed."""

    def __init__(self) -> None:
        self.count = cores_at_hand()
        self._pool: ThreadPoolExecutor | None = None

    def for_each(self, function: Callable[[int], None], items: Sequence[int]) -> None:
        """Call `function` with each item; the order is not given.

        Raises:
            Exception: the first error of a call, in the order of the threads.
        """
        if len(items) < 2 or self.count < 2:
            for item in items:
                function(item)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count, "fuel-unpack")

        def work(share: Sequence[int]) -> None:
            for item in share:
                function(item)

        shares = [items[start :: self.count] for start in range(min(self.count, len(items)))]
        others = [self._pool.submit(work, share) for share in shares[1:]]
        try:
            work(shares[0])
        finally:
            failures = [other.exception() for other in others]
        for failure in failures:
            if failure is not None:
                raise failure

    def close(self) -> None:
        """End the threads; they start again when needed."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
