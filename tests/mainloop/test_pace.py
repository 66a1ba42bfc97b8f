"""The loop does not run away from the device, for every batch that waits there holds its memory."""

import weakref

import jax.numpy as jnp
import numpy as np
from small_graphs import Graph, Parameter

from mainloop import MainLoop
from mainloop.algorithms import GradientDescent, Scale


class CountingStream:
    """One epoch of new arrays, aligned so that JAX uses their memory; counts those alive."""

    sources = ("x",)

    def __init__(self, batches):
        self.batches = batches
        self.alive = 0
        self.most = 0
        self.begun = False

    def get_epoch_iterator(self, as_dict=False):
        if self.begun:
            raise StopIteration
        self.begun = True
        return self._batches()

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        raise NotImplementedError("this stream is for one run")

    def _batches(self):
        for _ in range(self.batches):
            memory = np.ones(2048 + 16, np.float32)
            start = -memory.ctypes.data % 64 // 4
            self.alive += 1
            self.most = max(self.most, self.alive)
            weakref.finalize(memory, self._died)
            yield {"x": memory[start : start + 2048].reshape(64, 32)}

    def _died(self):
        self.alive -= 1


def test_at_most_a_handful_of_batches_is_held_however_slow_the_steps_are():
    def slow(values, batch, key):
        x = batch["x"] @ values["/W"]
        for _ in range(60):
            x = jnp.tanh(x @ x.T @ x)
        return {"cost": jnp.mean(x)}, {}

    graph = Graph(slow, [Parameter("/W", np.eye(32, dtype=np.float32))], ["x"])
    stream = CountingStream(60)

    MainLoop(GradientDescent(graph, Scale(0.0)), stream).run()

    # Without a limit it was 36: as many as JAX lets wait.
    assert stream.most <= 9
