"""The shape of the code: who may import whom, how large a module may grow."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bricks", "fuel", "mainloop")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in MODULES]

# What no module of a package may import, by the top of the imported name.
FORBIDDEN = {
    "bricks": {"fuel", "mainloop", "h5py", "zmq", "optax", "requests", "rich", "yaml"},
    "fuel": {"bricks", "mainloop", "jax", "jaxlib", "optax"},
    "mainloop": {"bricks", "fuel", "zmq", "requests", "yaml"},
}


def imported(tree, *, also_for_types=True):
    """The absolute names that a module imports, at run time or for its annotations."""
    for node in ast.walk(tree) if also_for_types else at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_run_time(tree):
    """The nodes that are not under `if TYPE_CHECKING:`."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            todo.extend(ast.iter_child_nodes(node))


def parse(path):
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_package_imports_only_what_its_row_of_the_design_allows(path):
    package = path.relative_to(ROOT).parts[0]

    tops = {name.split(".")[0] for name in imported(parse(path))}

    assert not tops & FORBIDDEN[package]


def test_only_one_module_touches_the_extension_interface_of_jax():
    touching = [
        name
        for name, path in zip(NAMES, MODULES, strict=True)
        if any(
            used.startswith(("jax.extend", "jax.interpreters", "jax.core"))
            for used in imported(parse(path))
        )
    ]

    assert len(touching) == 1
    assert touching[0].startswith("bricks/_jax")


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_nothing_private_of_jax_and_no_pickle_is_imported(path):
    bad = ("jax._src", "pickle", "cloudpickle", "dill", "marshal", "shelve")

    assert not [name for name in imported(parse(path)) if name.startswith(bad)]


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_has_at_most_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_imports_stand_at_the_top_of_the_module(path):
    inner = [
        node.lineno
        for outer in ast.walk(parse(path))
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(outer)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert inner == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=str)
def test_an_init_holds_a_docstring_imports_and_lists_of_names(path):
    tree = parse(path)

    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr)
    for node in rest:
        if isinstance(node, ast.Assign):
            assert [target.id for target in node.targets if isinstance(target, ast.Name)] in (
                ["__all__"],
                ["__version__"],
            )
        else:
            assert isinstance(node, ast.Import | ast.ImportFrom)


def test_no_modules_import_each_other_in_a_circle():
    known = {module_name(path): path for path in MODULES}
    needs = {
        name: {
            used
            for used in imported(parse(path), also_for_types=False)
            if used in known and used != name and known[used].name != "__init__.py"
        }
        for name, path in known.items()
    }

    circles = [name for name in needs if name in reachable(needs, name)]

    assert circles == []


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def reachable(needs, start):
    seen: set[str] = set()
    todo = list(needs[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(needs.get(name, ()))
    return seen
