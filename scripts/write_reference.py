"""Write docs/reference.md: every public name, and the first line of what its docstring says.

    python scripts/write_reference.py            # writes the page
    python scripts/write_reference.py --check    # ends with status 1 if the page is stale

A public name is one in `__all__` of a module without an underscore in its path; if it has none, one
that is defined there, has no underscore, and has a docstring.
"""

import argparse
import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference.md"
PACKAGES = ("fuel", "bricks", "mainloop")

HEAD = """# All public names

What is not here is not for users. `help(H5PYDataset)` in Python, or `python -m pydoc
fuel.datasets.H5PYDataset`, tells the arguments of a name, its shapes and its errors. This page is
written by `scripts/write_reference.py`.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; say if it is stale")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT))
    text = page()
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is stale; write it anew: python scripts/write_reference.py", file=sys.stderr)
        return 1
    return 0


def page() -> str:
    """The page: a section for each package and each public module right under it."""
    parts = [HEAD]
    for package in PACKAGES:
        for name in (package, *children(package), *descendants(package)):
            importlib.import_module(name)
        for name in (package, *children(package)):
            if rows := section_rows(name, package):
                module = importlib.import_module(name)
                parts += [
                    f"\n## {name}\n",
                    f"\n{first_line(module)}\n",
                    "\n| name | |\n|---|---|\n",
                ]
                parts += [f"| `{shown}` | {line} |\n" for shown, line in rows]
    return "".join(parts)


def section_rows(section: str, package: str) -> list[tuple[str, str]]:
    """Name and line of what a module has, and of what only the modules under it have."""
    rows: list[tuple[str, str]] = []
    seen: list[tuple[str, Any]] = []
    for name in (section, *(descendants(section) if section != package else ())):
        module = importlib.import_module(name)
        for public in public_names(module, package):
            value = getattr(module, public)
            if isinstance(value, ModuleType):  # it has a section of its own
                continue
            if any(value is other and public == theirs for theirs, other in seen):
                continue
            seen.append((public, value))
            shown = f"{name}.{public}".removeprefix(f"{section}.")
            rows.append((shown, line_of(value, public, package).replace("|", "\\|")))
    return rows


def public_names(module: ModuleType, package: str) -> list[str]:
    """What a module offers; of one without `__all__`, what the package does not offer itself."""
    if "__all__" in vars(module):
        return list(module.__all__)
    offered = importlib.import_module(package).__all__
    documented = {name for name, _, _ in constants_of(module)}
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name not in offered
        and (name in documented or (is_documented(value) and home_of(value) == module.__name__))
    )


def line_of(value: Any, name: str, package: str) -> str:
    """The first line of a docstring: that below a constant, else that of the value itself."""
    lines = {theirs: line for theirs, other, line in constants(package) if other is value}
    if lines:
        return lines.get(name, next(iter(lines.values())))
    if not is_documented(value):
        raise SystemExit(f"the constant {name} of {package} has no docstring below it; write one")
    return first_line(value)


def home_of(value: Any) -> str | None:
    """The module that a class or function was defined in."""
    return getattr(value, "__module__", None)


def is_documented(value: Any) -> bool:
    """Whether a value has a docstring of its own, and not that of its type."""
    return inspect.getdoc(value) != inspect.getdoc(type(value))


def first_line(value: Any) -> str:
    """The first line of a docstring."""
    if not (text := inspect.getdoc(value)):
        raise SystemExit(f"{value!r} has no docstring; write one")
    return text.splitlines()[0]


@cache
def constants(package: str) -> list[tuple[str, Any, str]]:
    """The documented constants of all modules of a package that were imported."""
    modules = [value for name, value in sys.modules.items() if name.startswith(package)]
    in_python = [module for module in modules if str(module.__file__).endswith(".py")]
    return [constant for module in in_python for constant in constants_of(module)]


def constants_of(module: ModuleType) -> list[tuple[str, Any, str]]:
    """Name, value and docstring's first line of each assignment with a docstring below it."""
    found = []
    for statement, below in pairwise(ast.parse(inspect.getsource(module)).body):
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            line = inspect.cleandoc(str(below.value.value)).splitlines()[0]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            found += [(name, getattr(module, name), line) for name in names]
    return found


def children(package: str) -> list[str]:
    """Names of the public modules right under a package, in alphabetical order."""
    paths = importlib.import_module(package).__path__
    names = (module.name for module in pkgutil.iter_modules(paths))
    return sorted(f"{package}.{name}" for name in names if not name.startswith("_"))


def descendants(name: str) -> Iterator[str]:
    """Names of all public modules under one."""
    if "__path__" in vars(importlib.import_module(name)):
        for child in children(name):
            yield child
            yield from descendants(child)


if __name__ == "__main__":
    sys.exit(main())
