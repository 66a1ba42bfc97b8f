"""The networks that `benchmark_step.py` times: sizes, data and first values, in NumPy."""

from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Network:
    """A rectifier network: its name, its layers' sizes and the examples in a batch."""

    name: str
    dims: tuple[int, ...]
    batch_size: int

    @property
    def layers(self) -> int:
        """How many weight matrices it has."""
        return len(self.dims) - 1

    def batch(self, seed: int) -> dict[str, np.ndarray]:
        """Features `(batch, input)` in [0, 1) and targets `(batch,)`."""
        rng = np.random.default_rng(seed)
        return {
            "features": rng.random((self.batch_size, self.dims[0]), dtype=np.float32),
            "targets": rng.integers(self.dims[-1], size=self.batch_size, dtype=np.int32),
        }

    def values(self) -> dict[str, np.ndarray]:
        """First values by path: weights Glorot-uniform, biases zero."""
        rng = np.random.default_rng(0)
        values = {}
        for layer, (rows, columns) in enumerate(zip(self.dims, self.dims[1:], strict=False)):
            limit = np.sqrt(6 / (rows + columns))
            weights = rng.uniform(-limit, limit, (rows, columns))
            values[f"/mlp/linear_{layer}.W"] = weights.astype(np.float32)
            values[f"/mlp/linear_{layer}.b"] = np.zeros(columns, np.float32)
        return values


MLP = Network(name="784-100-10, batches of 128", dims=(784, 100, 10), batch_size=128)
TINY = Network(name="tiny, 2 layers", dims=(4, 4, 2), batch_size=4)
DEEP = Network(name="tiny, 50 layers", dims=(4,) * 50 + (2,), batch_size=4)
NETWORKS = (MLP, TINY, DEEP)
