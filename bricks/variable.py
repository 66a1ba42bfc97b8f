"""Variables: the annotated values of a graph, as identities that outlive any one trace."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bricks.roles import Role


class Owner(Protocol):
    """What a graph knows of the brick that owns a variable."""

    @property
    def name(self) -> str:
        """The brick's own name, such as `'linear_0'`."""

    @property
    def path(self) -> str:
        """The names from the topmost brick to this one, such as `'/mlp/linear_0'`."""

    @property
    def parents(self) -> Sequence["Owner"]:
        """The bricks that have this one as a child."""


@dataclass(frozen=True)
class Loop:
    """A loop that a variable is inside of.

    Args:
        kind: `'scan'` (also `fori_loop` with static bounds and `lax.map`) or `'while'`.
        length: the number of iterations; `None` for a while loop.
    """

    kind: str
    length: int | None = None


@dataclass(frozen=True, repr=False)
class Variable:
    """An annotated value of a graph: which one it is, not the value or a piece of a trace.

    Two variables are equal if their `key` is, so a variable of a graph traced for one batch
    size denotes the same place in the graph traced for another. `str(variable)` is the key.

    Attributes:
        key: for instance `'/mlp/linear_0.apply:output'`, followed by `'#1'` for the second call
            of the same application, and so on; a source of the graph is its bare name.
        name: the name it was annotated with, for instance `'output'`.
        roles: what it is for; a rewrite may add roles.
        brick: the brick whose application annotated it, or `None`.
        path: that brick's path, `'/mlp/linear_0'`, or `''`.
        application: the name of the application, or `None`.
        call_id: which of the calls of the application, from 0.
        loops: the loops around it, outermost first.
        shape: of the value at that place, without an axis for the loops.
        dtype: of the value.
        blocked: why it cannot be rewritten or captured, or `None` if it can.
    """

    key: str
    name: str = field(compare=False)
    roles: frozenset[Role] = field(compare=False, default=frozenset())
    brick: Owner | None = field(compare=False, default=None)
    path: str = field(compare=False, default="")
    application: str | None = field(compare=False, default=None)
    call_id: int = field(compare=False, default=0)
    loops: tuple[Loop, ...] = field(compare=False, default=())
    shape: tuple[int, ...] = field(compare=False, default=())
    dtype: Any = field(compare=False, default=None)
    blocked: str | None = field(compare=False, default=None)

    def __str__(self) -> str:
        return self.key

    def __repr__(self) -> str:
        return f"<Variable {self.key} {self.dtype}{list(self.shape)}>"
