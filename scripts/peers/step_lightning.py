"""The step of `benchmark_step.py` in Lightning: its Trainer, without logger, bar and checkpoint.

The Trainer owns the loop, so its steps are timed from the first to the last within one `fit`.
"""

import itertools
import logging
import time
import warnings

import lightning
import torch

from step_networks import LEARNING_RATE, Network

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")


class Rectifiers(lightning.LightningModule):
    """Linear layers with rectifiers between them, trained by Adam."""

    def __init__(self, network: Network):
        super().__init__()
        layers = [
            torch.nn.Linear(rows, columns)
            for rows, columns in zip(network.dims, network.dims[1:], strict=False)
        ]
        parts = [part for layer in layers for part in (layer, torch.nn.ReLU())]
        self.model = torch.nn.Sequential(*parts[:-1])
        self.times: list[float] = []

    def training_step(self, batch, number):
        """The mean cross-entropy of a batch."""
        features, targets = batch
        self.times.append(time.perf_counter())
        return torch.nn.functional.cross_entropy(self.model(features), targets)

    def configure_optimizers(self):
        """Adam."""
        return torch.optim.Adam(self.parameters(), lr=LEARNING_RATE)


def make_timer(network: Network):
    """A function that trains n steps on a batch and gives the seconds a step took."""
    module = Rectifiers(network)

    def seconds_a_step(batch, steps: int) -> float:
        pair = torch.from_numpy(batch["features"]), torch.from_numpy(batch["targets"]).long()
        module.times.clear()
        trainer = lightning.Trainer(max_steps=steps + 1, accelerator="cpu", barebones=True)
        trainer.fit(module, itertools.repeat(pair, steps + 1))
        return (module.times[-1] - module.times[0]) / steps

    return seconds_a_step
