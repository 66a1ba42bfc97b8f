"""The ways to look at a graph: by a selector, as a table, as a drawing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from bricks._describe import describe_graph
from bricks._lineage import AnyVariable
from bricks._table import Table
from bricks.graph._draw import dot
from bricks.graph._traced import Traced
from bricks.parameter import Parameter
from bricks.select import select
from bricks.variable import Variable


class AbstractViews(ABC):
    """What can be asked of a graph without computing anything."""

    @property
    @abstractmethod
    def variables(self) -> tuple[AnyVariable, ...]:
        """Sources, parameters and annotated values, in order of evaluation."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that the outputs and updates depend on."""

    @property
    @abstractmethod
    def frozen_parameters(self) -> frozenset[Parameter]:
        """The parameters that training leaves alone."""

    @property
    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""

    @property
    @abstractmethod
    def outputs(self) -> Mapping[str, Variable]:
        """The variables that are the outputs, by the name of the output."""

    @abstractmethod
    def _traced(self) -> Traced:
        """The trace for the shapes that the graph was made for."""

    def select(self, selector: str) -> list[AnyVariable]:
        """Return the variables that a selector such as `'#encoder > LSTM .WEIGHT'` describes.

        They come in the order of the graph, each once. `bricks.select` lays the language down.

        Raises:
            TypeError: if `selector` is no string.
            ValueError: if it cannot be read, or if it, or one of the selectors that it joins with
                `,`, matches nothing; the message says which part failed and what there is.
        """
        return select(self.variables, selector)

    def draw(self) -> str:
        """Return a drawing of the graph as text in Graphviz's language, dot.

        Nodes are variables, parameters as boxes and outputs with a double line, in a cluster for
        each brick; edges lead from each variable to those that are computed from it. Write it to
        `graph.dot` and run `dot -Tsvg graph.dot`, or give it to any viewer of that language.
        """
        return dot(self._traced())

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def __repr__(self) -> str:
        return (
            f"<ComputationGraph {', '.join(self.sources)} -> {', '.join(self.outputs)}: "
            f"{len(self.variables)} variables, {len(self.parameters)} of them parameters>"
        )

    def _table(self) -> Table:
        title = f"graph of {', '.join(self.outputs)} from {', '.join(self.sources) or 'nothing'}"
        return describe_graph(title, self.variables, self.frozen_parameters)
