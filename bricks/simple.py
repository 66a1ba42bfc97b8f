"""Linear maps, biases and maxout."""

from typing import Any

import jax.numpy as jnp

from bricks.application import add_auxiliary_variable, application
from bricks.brick import Brick
from bricks.configuration import dimension, scheme
from bricks.declaration import parameter
from bricks.graph import is_tracing
from bricks.interfaces import Feedforward, Initializable, check_floats, check_last_axis
from bricks.roles import BIAS, WEIGHT


class Linear(Initializable, Feedforward):
    """`input_ W + b`: a linear map of the last axis.

    In a graph it has the auxiliary variables `W_norm` and `b_norm`, the L2 norms.

    Args:
        input_dim: size of the last axis of the input; inferred from the first input if left out.
        output_dim: size of the last axis of the output.
        settings: `use_bias`, `weights_init`, `biases_init`, `name`, `dtype`.
    """

    input_dim = dimension(infer="input_")
    output_dim = dimension()

    W = parameter(WEIGHT, shape=("input_dim", "output_dim"), init="weights_init")
    b = parameter(BIAS, shape=("output_dim",), init="biases_init", when="use_bias")

    def __init__(
        self, input_dim: int | None = None, output_dim: int | None = None, **settings: Any
    ) -> None:
        super().__init__(input_dim=input_dim, output_dim=output_dim, **settings)

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Map `(..., input_dim)` floats to `(..., output_dim)`."""
        here = f"{self.path}.apply"
        check_last_axis(here, "input_", input_, self.input_dim, "input_dim")
        check_floats(here, "input_", input_)
        W = self.W
        _add_norm(W, "W_norm")
        output = jnp.matmul(input_, W)
        if not self.use_bias:
            return output
        b = self.b
        _add_norm(b, "b_norm")
        return output + jnp.broadcast_to(b, output.shape)


class Bias(Feedforward):
    """`input_ + b`: a bias for each value of the last axis.

    Args:
        dim: size of the last axis; inferred from the first input if left out. `input_dim` and
            `output_dim` are other names for it.
        settings: `biases_init`, `name`, `dtype`.
    """

    dim = dimension(infer="input_")
    biases_init = scheme()

    b = parameter(BIAS, shape=("dim",), init="biases_init")

    def __init__(self, dim: int | None = None, **settings: Any) -> None:
        super().__init__(dim=dim, **settings)

    @property
    def input_dim(self) -> Any:
        """The same as `dim`."""
        return self.dim

    @input_dim.setter
    def input_dim(self, size: int | None) -> None:
        self.dim = size

    output_dim = input_dim

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Add the biases to `(..., dim)` floats."""
        here = f"{self.path}.apply"
        check_last_axis(here, "input_", input_, self.dim, "dim")
        check_floats(here, "input_", input_)
        return input_ + jnp.broadcast_to(self.b, input_.shape)


class Maxout(Brick):
    """The largest of each group of `num_pieces` neighbours on the last axis.

    Goodfellow et al. 2013, "Maxout networks", arXiv:1302.4389, equation 2.

    Args:
        num_pieces: the size of a group.
        settings: `name`.
    """

    num_pieces = dimension()

    def __init__(self, num_pieces: int | None = None, **settings: Any) -> None:
        super().__init__(num_pieces=num_pieces, **settings)

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Map `(..., groups * num_pieces)` to `(..., groups)`.

        Raises:
            ValueError: if the last axis is not made of whole groups.
        """
        if self.num_pieces is None:
            raise ValueError(f"{self.path}: num_pieces is not set; give it to the constructor")
        if input_.ndim < 1 or input_.shape[-1] % self.num_pieces:
            raise ValueError(
                f"{self.path}.apply: input_ has shape {input_.shape}, but its last axis must be a "
                f"multiple of num_pieces, {self.num_pieces}"
            )
        groups = input_.reshape(*input_.shape[:-1], -1, self.num_pieces)
        return groups.max(axis=-1)


class LinearMaxout(Initializable, Feedforward):
    """A linear map to `output_dim * num_pieces` values, then maxout.

    Its children are `linear` and `maxout`.

    Args:
        input_dim: size of the last axis of the input; inferred from the first input if left out.
        output_dim: size of the last axis of the output.
        num_pieces: how many linear maps each output is the largest of.
        settings: `use_bias`, `weights_init`, `biases_init`, `name`, `dtype`.
    """

    input_dim = dimension(infer="input_")
    output_dim = dimension()
    num_pieces = dimension()

    def __init__(
        self,
        input_dim: int | None = None,
        output_dim: int | None = None,
        num_pieces: int | None = None,
        **settings: Any,
    ) -> None:
        self.linear = Linear(name="linear")
        self.maxout = Maxout(name="maxout")
        super().__init__(
            children=[self.linear, self.maxout],
            input_dim=input_dim,
            output_dim=output_dim,
            num_pieces=num_pieces,
            **settings,
        )

    def configure_children(self) -> None:
        """Give the linear map and the maxout their sizes."""
        is_known = self.output_dim is not None and self.num_pieces is not None
        self.configure(
            self.linear,
            input_dim=self.input_dim,
            output_dim=self.output_dim * self.num_pieces if is_known else None,
            use_bias=self.use_bias,
        )
        self.configure(self.maxout, num_pieces=self.num_pieces)

    @application(inputs=["input_"], outputs=["output"])
    def apply(self, input_: Any) -> Any:
        """Map `(..., input_dim)` floats to `(..., output_dim)`."""
        return self.maxout.apply(self.linear.apply(input_))


def _add_norm(value: Any, name: str) -> None:
    if is_tracing():
        add_auxiliary_variable(jnp.sqrt(jnp.sum(jnp.square(value))), name=name)
