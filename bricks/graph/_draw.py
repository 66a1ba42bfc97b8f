"""A graph as a drawing, in the language of Graphviz."""

from collections.abc import Iterable, Iterator, Mapping

from bricks._lineage import AnyVariable, bricks_of
from bricks.graph._dependencies import dependencies
from bricks.graph._traced import Traced
from bricks.parameter import Parameter

INDENT = "  "


def dot(traced: Traced) -> str:
    """Return the text of a directed graph in Graphviz's language, dot.

    Every variable is a node, parameters as boxes, outputs with a double line. Nodes stand in a
    cluster for each brick, and an edge leads to each variable from those that it is computed from
    directly.
    """
    variables = traced.variables
    names = {variable: f"v{number}" for number, variable in enumerate(variables)}
    positions = {
        site.position: variable
        for site in traced.sites
        if (variable := site.variable or site.parameter) is not None
    }
    classes = {brick.path: type(brick).__name__ for brick in bricks_of(variables)}
    outputs = set(traced.outputs.values())
    lines = ["digraph {", f'{INDENT}rankdir="TB"', f'{INDENT}node [fontname="sans-serif"]']
    nodes: dict[str, list[str]] = {}
    for variable, name in names.items():
        path = _brick_path(variable)
        nodes.setdefault(path, []).append(f"{name} [{_attributes(variable, variable in outputs)}]")
    lines += _cluster("", nodes, classes, INDENT)
    lines += [
        f"{INDENT}{names[source]} -> {names[target]}"
        for source, target in dependencies(traced.body, positions)
        if source in names and target in names
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _brick_path(variable: AnyVariable) -> str:
    if isinstance(variable, Parameter):
        return "" if variable.brick is None else variable.brick.path
    return variable.path


def _attributes(variable: AnyVariable, is_output: bool) -> str:
    size = " × ".join(map(str, variable.shape)) or "scalar"
    label = _quoted(variable.name, f"{variable.dtype} {size}")
    shape = "box" if isinstance(variable, Parameter) else "ellipse"
    lines = 2 if is_output else 1
    return f"label={label}, tooltip={_quoted(str(variable))}, shape={shape}, peripheries={lines}"


def _cluster(
    path: str, nodes: Mapping[str, Iterable[str]], classes: Mapping[str, str], indent: str
) -> Iterator[str]:
    """Yield the nodes of the brick at `path`, and inside of clusters those of all below it."""
    for node in nodes.get(path, ()):
        yield f"{indent}{node}"
    depth = path.count("/") + 1
    below = dict.fromkeys(
        "/".join(other.split("/")[: depth + 1]) for other in nodes if other.startswith(f"{path}/")
    )
    for child in below:
        label = child.rpartition("/")[2]
        label += f" ({classes[child]})" if child in classes else ""
        yield f"{indent}subgraph {_quoted(f'cluster_{child}')} {{"
        yield f"{indent}{INDENT}label={_quoted(label)}"
        yield from _cluster(child, nodes, classes, indent + INDENT)
        yield f"{indent}}}"


def _quoted(*lines: str) -> str:
    """A string of dot: quotes and backslashes in it are escaped, and lines are joined by `\\n`."""
    return (
        '"'
        + "\\n".join(
            line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines
        )
        + '"'
    )
