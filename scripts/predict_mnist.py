"""Say which digit a picture shows, from the checkpoint of a run and nothing else of it.

    python scripts/predict_mnist.py runs/mnist/checkpoint.h5 image.png

Needs the `plot` extra for its picture library. MNIST's digits are light on a dark ground;
`--invert` is for dark ones on a light ground.
"""

import argparse
import sys
from pathlib import Path

import h5py
import numpy as np

from bricks import MLP, Softmax
from mnist_model import digit_classifier

try:
    from PIL import Image, UnidentifiedImageError
except ImportError:
    sys.exit("reading pictures needs Pillow: pip install 'bricks-fuel-mainloop[plot]'")

SIDE = 28


def main(arguments: list[str] | None = None) -> int:
    """Print the most probable digits, the best first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="of a run, or the run's folder")
    parser.add_argument("image", type=Path, help="a picture of one digit")
    parser.add_argument("--invert", action="store_true", help="the digit is dark on a light ground")
    options = parser.parse_args(arguments)
    if options.checkpoint.is_dir():
        options.checkpoint /= "checkpoint.h5"
    try:
        mlp = load(options.checkpoint)
    except (OSError, KeyError, ValueError) as error:
        parser.error(f"{options.checkpoint} is not a checkpoint of this network: {error}")
    try:
        pixels = read(options.image, options.invert)
    except (OSError, UnidentifiedImageError) as error:
        parser.error(f"{options.image} cannot be read as a picture: {error}")
    probabilities = np.asarray(Softmax().apply(mlp.apply(pixels)))[0]
    for digit in np.argsort(-probabilities)[:3]:
        print(f"{digit}: {probabilities[digit]:.1%}")
    return 0


def load(checkpoint: Path) -> MLP:
    """The network with the parameters of a checkpoint."""
    mlp = digit_classifier()
    with h5py.File(checkpoint) as file:
        stored = file["parameters"]
        mlp.set_parameter_values(
            {path: stored[path.lstrip("/")][...] for path in mlp.get_parameter_dict()}
        )
    return mlp


def read(image: Path, invert: bool) -> np.ndarray:
    """A picture as the network wants it: `(1, 784)` floats, 0 for the ground and 1 for ink."""
    with Image.open(image) as picture:
        grey = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(grey, np.float32).reshape(1, -1) / 255
    return 1 - pixels if invert else pixels


if __name__ == "__main__":
    sys.exit(main())
