"""Parameters: named arrays that a graph depends on, told apart by identity."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bricks import _jax
from bricks.roles import PARAMETER, PERSISTENT, Role, add_role, checked_roles, has_roles
from bricks.variable import Loop, Owner


class Parameter:
    """A named array that outlives the evaluation of a graph, and that training may change.

    Its identity is the object: a brick used twice, or two bricks that were given one
    `Parameter`, share it, and its gradient is the sum over all uses.

    >>> scale = Parameter("scale", (2,))
    >>> scale.path
    '/scale'
    >>> scale.value = jnp.ones(2)
    >>> float(jnp.sum(3 * scale.read()))
    6.0

    Args:
        name: the last part of its path, for instance `'W'`.
        shape: the shape of its value.
        dtype: the dtype of its value.
        roles: roles in addition to `PARAMETER`; a kind of it replaces it. A role that is
            `PERSISTENT` in another way, such as `BATCH_NORM_POPULATION_MEAN`, also stands in its
            place: then gradients do not train it, only a recorded update changes it.
        brick: the brick that owns it; `None` for a parameter of its own.

    Raises:
        ValueError: if the name is empty or holds `'/'`, `'.'` or `':'`.
        TypeError: if `roles` is one bare role instead of several.
    """

    application: None = None
    call_id: None = None
    loops: tuple[Loop, ...] = ()
    blocked: None = None

    def __init__(
        self,
        name: str,
        shape: Iterable[int],
        dtype: Any = jnp.float32,
        *,
        roles: Iterable[Role] = (),
        brick: Owner | None = None,
    ) -> None:
        if not name or set(name) & set("/.:"):
            raise ValueError(
                f"{name!r} cannot name a parameter: it must not be empty or hold any of '/.:'"
            )
        self._name = name
        self._shape = tuple(int(size) for size in shape)
        self._dtype = jnp.dtype(dtype)
        self._roles = parameter_roles(roles)
        self._brick = brick
        self._value: jax.Array | None = None

    @property
    def name(self) -> str:
        """The last part of its path, for instance `'W'`."""
        return self._name

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its value."""
        return self._shape

    @property
    def dtype(self) -> Any:
        """The dtype of its value."""
        return self._dtype

    @property
    def roles(self) -> frozenset[Role]:
        """What it is for: `PARAMETER`, a kind of it, or what is `PERSISTENT` else; and others."""
        return self._roles

    @property
    def brick(self) -> Owner | None:
        """The brick that owns it, or `None`."""
        return self._brick

    @property
    def path(self) -> str:
        """Where it is, for instance `'/mlp/linear_0.W'`; `'/W'` without a brick."""
        return f"/{self._name}" if self._brick is None else f"{self._brick.path}.{self._name}"

    @property
    def value(self) -> jax.Array | None:
        """Its current value; `None` until it is initialized or set.

        Setting it raises a `ValueError` if shape or dtype differ from the parameter's, and a
        `TypeError` if the value is being traced by `jax.jit`, `jax.grad` or another transform.
        """
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(value, jax.core.Tracer):
            raise TypeError(
                f"the value set on {self.path} is traced by a JAX transform; record it with "
                "bricks.graph.record_update, or return it and set it outside"
            )
        array = value if isinstance(value, jax.Array) else np.asarray(value)
        if array.shape != self._shape or array.dtype != self._dtype:
            raise ValueError(
                f"{self.path} holds {self._dtype}{list(self._shape)}, but the value set is "
                f"{array.dtype}{list(array.shape)}; reshape or cast it first"
            )
        if not isinstance(array, jax.Array):
            # NumPy memory is copied: on the CPU, JAX would go on using it, and see later changes
            # (0.10.2 does so also with `may_alias=False`). `jnp.array` would compile its copy.
            array = jax.device_put(np.array(array))
        self._value = array

    def read(self) -> jax.Array:
        """Return the value: that of the running graph, or outside of graphs the current one.

        Raises:
            ValueError: outside of a graph, if it has no value yet.
        """
        return _jax.parameter(self)

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<Parameter {self.path} {self._dtype}{list(self._shape)}>"


def parameter_roles(given: Iterable[Role]) -> frozenset[Role]:
    """The roles of a parameter that was given these: those, and `PARAMETER` if none says else.

    Raises:
        TypeError: if it is one bare role instead of several.
    """
    roles: frozenset[Role] = frozenset()
    for role in checked_roles(given):
        roles = add_role(roles, role)
    return roles if has_roles(roles, [PERSISTENT]) else add_role(roles, PARAMETER)
