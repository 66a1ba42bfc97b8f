"""Functions without parameters that stand between the layers of a network."""

from typing import Any

import jax
import jax.numpy as jnp

from bricks._targets import at_labels, mean_log_probabilities, targets_are_labels
from bricks.application import add_auxiliary_variable, application
from bricks.configuration import setting
from bricks.interfaces import Activation


class Identity(Activation):
    """`x` itself."""

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Return the input."""
        return input_


class Tanh(Activation):
    """The hyperbolic tangent."""

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jnp.tanh(input_)


class Logistic(Activation):
    """The logistic sigmoid `1 / (1 + exp(-x))`."""

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.sigmoid(input_)


class Rectifier(Activation):
    """`max(0, x)`, whose derivative at zero is zero.

    Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.relu(input_)


class LeakyRectifier(Activation):
    """`x` where that is positive, and `leak * x` elsewhere.

    Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    Args:
        leak: the slope for negative inputs.
        settings: `name`.
    """

    leak = setting(0.01, float)

    def __init__(self, leak: float = 0.01, **settings: Any) -> None:
        super().__init__(leak=leak, **settings)

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.leaky_relu(input_, self.leak)


class Softplus(Activation):
    """`log(1 + exp(x))`, without overflow for large `x`.

    Dugas et al. 2000, "Incorporating second-order functional knowledge for better option pricing".
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.softplus(input_)


class Softsign(Activation):
    """`x / (1 + |x|)`.

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", section 2.
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.soft_sign(input_)


class HardTanh(Activation):
    """`x`, held within -1 and 1.

    Collobert 2004, "Large scale machine learning", section 4.
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.hard_tanh(input_)


class ELU(Activation):
    """`x` where that is positive, and `alpha * (exp(x) - 1)` elsewhere.

    Clevert, Unterthiner and Hochreiter 2015, arXiv:1511.07289, equation 15.

    Args:
        alpha: minus the limit for large negative inputs.
        settings: `name`.
    """

    alpha = setting(1.0, float)

    def __init__(self, alpha: float = 1.0, **settings: Any) -> None:
        super().__init__(alpha=alpha, **settings)

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.elu(input_, self.alpha)


class GELU(Activation):
    """`x Φ(x)`, where `Φ` is the distribution function of the standard normal; not approximated.

    Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.gelu(input_, approximate=False)


class SiLU(Activation):
    """`x / (1 + exp(-x))`, also known as swish.

    Elfwing, Uchibe and Doya 2017, arXiv:1702.03118, equation 6.
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Apply it to each value."""
        return jax.nn.silu(input_)


class Softmax(Activation):
    """`exp(x) / sum(exp(x))` over the last axis; the axes before it may be any number.

    To train, leave it out of the network and use a cost on logits: see `bricks.cost`.
    """

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Give the probabilities of classes from `(..., classes)` logits."""
        return jax.nn.softmax(input_, axis=-1)

    @application(inputs=["input_"], outputs=["output"])
    def log_probabilities(self, input_: Any) -> Any:
        """Give the logarithms of the probabilities from `(..., classes)` logits."""
        return jax.nn.log_softmax(input_, axis=-1)

    @application(inputs=["y", "x"], outputs=["cost"])
    def categorical_cross_entropy(self, y: Any, x: Any) -> Any:
        """Give the cross entropy of each example, in nats, from **logits**; it does not average.

        Args:
            y: targets, as for `bricks.cost.CategoricalCrossEntropy`.
            x: `(..., classes)` logits.

        Returns:
            `(...)` floats. The auxiliary variable `log_probabilities` is what the name says.
        """
        here = f"{self.path}.categorical_cross_entropy"
        are_labels = targets_are_labels(here, "y", y, "x", x)
        log_probabilities = jax.nn.log_softmax(x, axis=-1)
        add_auxiliary_variable(log_probabilities, name="log_probabilities")
        if are_labels:
            return -at_labels(y, log_probabilities)
        return -mean_log_probabilities(y, log_probabilities)
