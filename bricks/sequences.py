"""Bricks applied one after the other: sequences, and the multilayer perceptron."""

import copy
from collections.abc import Iterable
from collections.abc import Sequence as AnySequence
from itertools import pairwise
from typing import Any

from bricks.application import BoundApplication, application
from bricks.brick import Brick
from bricks.configuration import flag, positive_integer, setting
from bricks.interfaces import Feedforward, Initializable
from bricks.simple import Linear


class Sequence(Initializable):
    """Applications one after the other; what several outputs one gives are the inputs of the next.

    The children are the bricks of the applications, each once, in order. One brick that comes
    twice is called twice, with the same parameters.

    Args:
        application_methods: bricks, whose `apply` is meant, and applications of bricks.
        settings: `weights_init`, `biases_init`, `name`, `dtype`.

    Raises:
        TypeError: if one is neither a brick nor an application of one.
        ValueError: if there are none.
    """

    use_bias = setting(check=flag, fixed=True, pushed=True)

    def __init__(
        self, application_methods: Iterable[Brick | BoundApplication], **settings: Any
    ) -> None:
        self._application_methods = tuple(map(_application, application_methods))
        if not self._application_methods:
            raise ValueError("a Sequence needs at least one brick or application")
        children = list(dict.fromkeys(method.brick for method in self._application_methods))
        super().__init__(children=children, **settings)

    @property
    def application_methods(self) -> tuple[BoundApplication, ...]:
        """The applications, in order."""
        return self._application_methods

    @application
    def apply(self, *args: Any) -> Any:
        """Apply the first to the arguments, and each other to what the one before it gave."""
        values: Any = args
        for method in self.application_methods:
            values = method(*values, as_list=True)
        return values[0] if len(values) == 1 else values

    @apply.property("inputs")
    def apply_inputs(self) -> Any:
        """The inputs of the first application."""
        return self.application_methods[0].inputs

    @apply.property("outputs")
    def apply_outputs(self) -> Any:
        """The outputs of the last application."""
        return self.application_methods[-1].outputs


class FeedforwardSequence(Sequence, Feedforward):
    """A sequence of bricks with one input and one output each.

    `input_dim` is that of the first brick and `output_dim` that of the last; setting them sets
    those.
    """

    @property
    def input_dim(self) -> Any:
        """The size of the input, that of the first brick."""
        return _feedforward(self, self.application_methods[0], "input_dim").input_dim

    @input_dim.setter
    def input_dim(self, size: int | None) -> None:
        _feedforward(self, self.application_methods[0], "input_dim").input_dim = size

    @property
    def output_dim(self) -> Any:
        """The size of the output, that of the last brick."""
        return _feedforward(self, self.application_methods[-1], "output_dim").output_dim

    @output_dim.setter
    def output_dim(self, size: int | None) -> None:
        _feedforward(self, self.application_methods[-1], "output_dim").output_dim = size


class MLP(Sequence, Feedforward):
    """A multilayer perceptron: linear maps, each followed by an activation.

    Its children are `linear_0`, the first activation, `linear_1`, the second activation, and so
    on. Activations that were given no names and are of one class are `rectifier`, `rectifier_1`,
    …; one object that is given for several layers is one child, called several times.

    >>> from bricks import Rectifier
    >>> mlp = MLP([Rectifier(), Rectifier(), None], [784, 500, 100, 10])
    >>> [child.name for child in mlp.children]
    ['linear_0', 'rectifier', 'linear_1', 'rectifier_1', 'linear_2']

    Args:
        activations: for each layer a brick, an application of one, or `None` for no activation.
        dims: the sizes, of the input first, then of each layer's output: one more than there are
            activations. The first may be `None`, to be inferred from the first input. They may be
            set later, before the network is first used.
        prototype: the layers are copies of this brick, named after it; a `Linear` unless given.
        settings: `weights_init`, `biases_init`, `use_bias`, `name`, `dtype`.

    Raises:
        ValueError: if there are not as many `dims` as needed.
    """

    dims = setting(check="check_dims", fixed=True)

    def __init__(
        self,
        activations: Iterable[Brick | BoundApplication | None],
        dims: AnySequence[int | None] | None = None,
        *,
        prototype: Feedforward | None = None,
        **settings: Any,
    ) -> None:
        self._activations = tuple(
            None if each is None else _application(each) for each in activations
        )
        original = Linear() if prototype is None else prototype
        self._linear_transformations = tuple(
            _named_copy(original, index) for index in range(len(self._activations))
        )
        methods = [
            method
            for layer, activation in zip(
                self._linear_transformations, self._activations, strict=True
            )
            for method in (layer, activation)
            if method is not None
        ]
        super().__init__(methods, dims=dims, **settings)

    @property
    def activations(self) -> tuple[BoundApplication | None, ...]:
        """The activation of each layer, or `None`."""
        return self._activations

    @property
    def linear_transformations(self) -> tuple[Any, ...]:
        """The linear map of each layer."""
        return self._linear_transformations

    @property
    def input_dim(self) -> Any:
        """The size of the input: the first of `dims`, or what was inferred."""
        return self.linear_transformations[0].input_dim if self.dims is None else self.dims[0]

    @input_dim.setter
    def input_dim(self, size: int | None) -> None:
        self.dims = (size, *self._all_dims()[1:])

    @property
    def output_dim(self) -> Any:
        """The size of the output: the last of `dims`."""
        return self._all_dims()[-1]

    @output_dim.setter
    def output_dim(self, size: int | None) -> None:
        self.dims = (*self._all_dims()[:-1], size)

    def configure_children(self) -> None:
        """Give the linear maps their sizes."""
        sizes = pairwise(self._all_dims())
        for layer, (size, following) in zip(self.linear_transformations, sizes, strict=True):
            self.configure(layer, input_dim=size, output_dim=following)

    def check_dims(self, dims: Iterable[int | None]) -> tuple[int | None, ...]:
        """Return the sizes as they are kept.

        Raises:
            TypeError: if they are not integers or `None`.
            ValueError: if there are not as many as needed, or one is not positive.
        """
        if isinstance(dims, str) or not isinstance(dims, Iterable):
            raise TypeError("is not a list of sizes, such as [784, 500, 10]")
        sizes = tuple(None if size is None else positive_integer(size) for size in dims)
        needed = len(self.activations) + 1
        if len(sizes) != needed:
            raise ValueError(
                f"has {len(sizes)} sizes, but {needed - 1} activations need {needed}: that of the "
                "input, then that of each layer's output"
            )
        return sizes

    def _all_dims(self) -> tuple[int | None, ...]:
        return (None,) * (len(self.activations) + 1) if self.dims is None else self.dims


def _application(method: Any) -> BoundApplication:
    if isinstance(method, BoundApplication):
        return method
    apply = getattr(method, "apply", None) if isinstance(method, Brick) else None
    if isinstance(apply, BoundApplication):
        return apply
    raise TypeError(
        f"{method!r} cannot be part of a sequence; it must be a brick or an application of one, "
        "as in Tanh() or Softmax().log_probabilities"
    )


def _named_copy(prototype: Any, index: int) -> Any:
    layer = copy.deepcopy(prototype)
    layer.name = f"{prototype.name}_{index}"
    return layer


def _feedforward(sequence: Brick, method: BoundApplication, name: str) -> Any:
    if not isinstance(method.brick, Feedforward):
        raise AttributeError(
            f"{sequence.path} has no {name}, because {method.path} is not of a Feedforward brick, "
            f"which would have one"
        )
    return method.brick
