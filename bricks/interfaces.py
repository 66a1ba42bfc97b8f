"""What kinds of bricks have in common: initializable ones, feedforward ones, activations."""

from typing import Any

import jax.numpy as jnp

from bricks._arguments import check_array
from bricks.brick import Brick
from bricks.configuration import flag, scheme, setting


class Initializable(Brick):
    """A brick with weights and biases, or with children that have some.

    Its settings, which children are given unless they have their own:

    * `weights_init`, the initialization scheme of the weights;
    * `biases_init`, the initialization scheme of the biases.

    `use_bias`, which is true unless given, says whether there are biases; an `MLP` gives it to
    its children.
    """

    weights_init = scheme()
    biases_init = scheme()
    use_bias = setting(True, flag, fixed=True)


class Feedforward(Brick):
    """A brick with one input, `input_`, and one output, `output`, of known sizes.

    Derived classes have the attributes `input_dim` and `output_dim`.
    """

    input_dim: Any
    output_dim: Any

    def get_dim(self, name: str) -> Any:
        """Return the size of `input_` or `output`.

        Raises:
            ValueError: if the brick does not know that name.
        """
        if name == "input_":
            return self.input_dim
        if name == "output":
            return self.output_dim
        return super().get_dim(name)


class Activation(Brick):
    """A function without parameters; its application is `apply`, from `input_` to `output`."""


def check_floats(application: str, name: str, value: Any) -> None:
    """Refuse what is no array of floats.

    Raises:
        TypeError: it names the application, the argument and the dtype.
    """
    if not jnp.issubdtype(value.dtype, jnp.floating):
        raise TypeError(
            f"{application}: {name} has dtype {value.dtype}, but needs floats; cast it first, "
            f"as in {name}.astype('float32')"
        )


def check_last_axis(application: str, name: str, value: Any, size: int, setting: str) -> None:
    """Refuse what is not of the given size along its last axis.

    Raises:
        TypeError: if it is no array.
        ValueError: it names the application, the argument and both shapes.
    """
    check_array(application, name, value)
    if value.ndim < 1 or value.shape[-1] != size:
        raise ValueError(
            f"{application}: {name} has shape {value.shape}, but needs (..., {size}), because "
            f"{setting} is {size}"
        )
