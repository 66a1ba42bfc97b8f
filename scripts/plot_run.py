"""Draw a run from what it left on disk: learning curves and first-layer filters, as PNG.

    python scripts/plot_run.py runs/mnist

Needs the `plot` extra. Nothing of the training script is imported, so a run can be drawn
while it goes on, and years later.
"""

import argparse
import sys
from pathlib import Path

import h5py
import numpy as np

from mainloop.log import read_log

try:
    import matplotlib
    from matplotlib import pyplot as plt
except ImportError:
    sys.exit("drawing needs matplotlib: pip install 'bricks-fuel-mainloop[plot]'")

matplotlib.use("Agg")  # files, no screen


def main(arguments: list[str] | None = None) -> int:
    """Write `learning_curves.png` and `filters.png` into the run's folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder of a run, with its log and checkpoint")
    parser.add_argument("--parameter", default="mlp/linear_0.W", help="weights to draw as images")
    options = parser.parse_args(arguments)
    for name in ("log.sqlite", "checkpoint.h5"):
        if not (options.run / name).exists():
            parser.error(f"{options.run} holds no {name}; give the folder that a run wrote into")

    for path, figure in [
        ("learning_curves.png", learning_curves(read_log(options.run / "log.sqlite"))),
        ("filters.png", filters(options.run / "checkpoint.h5", options.parameter)),
    ]:
        figure.savefig(options.run / path, dpi=120)
        print(options.run / path)
    return 0


def learning_curves(rows):
    """Cost and error rate of training and validation, by epoch."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for panel, quantity in zip(panels, ("cost", "error_rate"), strict=True):
        for part in ("train", "valid"):
            points = [
                (row["epochs_done"], row[f"{part}_{quantity}"])
                for row in rows
                if f"{part}_{quantity}" in row
            ]
            if points:
                panel.plot(*zip(*points, strict=True), marker=".", label=part)
        panel.set(xlabel="epoch", ylabel=quantity.replace("_", " "), yscale="log")
        panel.grid(alpha=0.3, which="both")
        panel.legend()
    return figure


def filters(checkpoint, parameter, rows=10, columns=20):
    """The incoming weights of the first hidden units, each as the image it looks for."""
    with h5py.File(checkpoint) as file:
        weights = file["parameters"][parameter][...]
    side = int(np.sqrt(weights.shape[0]))
    images = weights.T[: rows * columns].reshape(-1, side, side)
    limit = np.quantile(np.abs(images), 0.998)
    figure, panels = plt.subplots(rows, columns, figsize=(columns / 2, rows / 2))
    for panel, image in zip(panels.flat, images, strict=False):
        panel.imshow(image, cmap="RdBu", vmin=-limit, vmax=limit)
    for panel in panels.flat:
        panel.axis("off")
    figure.subplots_adjust(0, 0, 1, 1, 0.05, 0.05)
    return figure


if __name__ == "__main__":
    sys.exit(main())
