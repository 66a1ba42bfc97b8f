"""The network that `train_mnist.py` trains and `predict_mnist.py` asks."""

from bricks import MLP, Rectifier
from bricks.initialization import Constant, Glorot

PIXELS, HIDDEN, CLASSES = 784, 500, 10


def digit_classifier() -> MLP:
    """One hidden layer of rectifiers; gives the logits of the ten digits."""
    return MLP(
        [Rectifier(), None],
        [PIXELS, HIDDEN, CLASSES],
        weights_init=Glorot(),
        biases_init=Constant(0),
    )
