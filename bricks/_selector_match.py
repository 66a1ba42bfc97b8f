"""Whether a variable is what a selector describes, and if none is, how near it came."""

import difflib
from collections.abc import Iterable, Sequence

from bricks._lineage import AnyVariable, bricks_of, lineage
from bricks._selector_grammar import BrickPart, Chain, Step, VariablePart
from bricks.variable import Owner

SHOWN = 8


def chain_fits(chain: Chain, variable: AnyVariable) -> bool:
    """Whether the chain describes this variable and the bricks above it."""
    return _variable_fits(chain.variable, variable) and _place_fits(chain, variable)


def _place_fits(chain: Chain, variable: AnyVariable) -> bool:
    if not chain.steps:
        return True
    if chain.child:
        return variable.brick is not None and _steps_fit(chain.steps, variable.brick)
    return any(_steps_fit(chain.steps, brick) for brick in lineage(variable.brick))


def _steps_fit(steps: Sequence[Step], brick: Owner) -> bool:
    """Whether the steps lead to `brick`: it fits the last one, and bricks above it the others."""
    *before, last = steps
    if not _brick_fits(last.brick, brick):
        return False
    if not before:
        return True
    above = brick.parents if last.child else list(lineage(brick))[1:]
    return any(_steps_fit(before, other) for other in above)


def _brick_fits(part: BrickPart, brick: Owner) -> bool:
    return _class_fits(part, brick) and _name_fits(part, brick)


def _class_fits(part: BrickPart, brick: Owner) -> bool:
    return part.class_name is None or any(map(part.class_name.matches, _class_names(brick)))


def _name_fits(part: BrickPart, brick: Owner) -> bool:
    return part.name is None or part.name.matches(brick.name)


def _variable_fits(part: VariablePart, variable: AnyVariable) -> bool:
    if part.name is not None and not part.name.matches(variable.name):
        return False
    present = _role_names(variable)
    return all(role in present for role in part.roles)


def _class_names(brick: Owner) -> list[str]:
    return [cls.__name__ for cls in type(brick).__mro__]


def _role_names(variable: AnyVariable) -> list[str]:
    return [role.name for own in sorted(variable.roles, key=str) for role in (own, *own.ancestors)]


def no_match(selector: str, chain: Chain, variables: Sequence[AnyVariable]) -> ValueError:
    """Return the error that says which part of the chain failed, and what there is instead."""
    bricks = bricks_of(variables)
    for count, step in enumerate(chain.steps, start=1):
        if not any(_steps_fit(chain.steps[:count], brick) for brick in bricks):
            column = step.brick.column
            problem = _brick_problem(chain.steps[:count], bricks)
            break
    else:
        column = chain.variable.column
        problem = _variable_problem(chain, variables)
    line = "".join(" " if character.isspace() else character for character in selector)
    return ValueError(
        f"the selector {chain.text!r} matches none of {len(variables)} variables: {problem}\n"
        f"    {line}\n    {' ' * (column - 1)}^"
    )


def _brick_problem(steps: Sequence[Step], bricks: Sequence[Owner]) -> str:
    """Why the last of these steps leads to no brick, though those before lead to some."""
    part = steps[-1].brick
    alone = [brick for brick in bricks if _brick_fits(part, brick)]
    if alone:
        relation = "a child of" if steps[-1].child else "inside"
        before = [brick for brick in bricks if _steps_fit(steps[:-1], brick)]
        return (
            f"{part.text!r} is {_paths(alone)}, but not {relation} {steps[-2].brick.text!r}, "
            f"which is {_paths(before)}"
        )
    of_class = [brick for brick in bricks if _class_fits(part, brick)]
    if part.class_name is not None and not of_class:
        known = [name for brick in bricks for name in _class_names(brick)]
        shown = [type(brick).__name__ for brick in bricks]
        return f"no brick is of class {part.class_name.text!r}" + _instead(
            part.class_name.text, known, shown, "the classes are"
        )
    assert part.name is not None
    named = [brick for brick in bricks if _name_fits(part, brick)]
    if not named:
        names = [brick.name for brick in bricks]
        return f"no brick has the name {part.name.text!r}" + _instead(
            part.name.text, names, names, "the names are"
        )
    assert part.class_name is not None
    return (
        f"of class {part.class_name.text!r} is {_paths(of_class)}, and the name "
        f"{part.name.text!r} has {_paths(named)}, but no brick has both"
    )


def _variable_problem(chain: Chain, variables: Sequence[AnyVariable]) -> str:
    """Why no variable is what the last part asks for, though its bricks are there."""
    part = chain.variable
    roles = [name for variable in variables for name in _role_names(variable)]
    names = [variable.name for variable in variables]
    for role in part.roles:
        if role not in roles:
            shown = [
                str(role) for variable in variables for role in sorted(variable.roles, key=str)
            ]
            return f"no variable has the role {role!r}" + _instead(
                role, roles, shown, "the roles are"
            )
    if part.name is not None and not any(map(part.name.matches, names)):
        return f"no variable has the name {part.name.text!r}" + _instead(
            part.name.text, names, names, "the names are"
        )
    alone = [variable for variable in variables if _variable_fits(part, variable)]
    there = [variable for variable in variables if _place_fits(chain, variable)]
    if not alone:
        return f"{part.text!r} asks for more than any one variable has" + _owned(there, chain)
    return f"{part.text!r} is {_listed(map(str, alone))}" + _owned(there, chain)


def _owned(there: Sequence[AnyVariable], chain: Chain) -> str:
    if not chain.steps:
        return ""
    relation = "of" if chain.child else "in"
    place = f"{relation} {chain.steps[-1].brick.text!r}"
    if not there:
        return (
            f", and {place} itself there is no variable; a space before {chain.variable.text!r} "
            "asks for those of the bricks inside it too"
        )
    return f", and the variables {place} are {_listed(map(str, there))}"


def _instead(wanted: str, known: Iterable[str], shown: Iterable[str], introduction: str) -> str:
    """What was perhaps meant, and what there is."""
    there = _listed(shown)
    if not there:
        return "; there are no bricks and roles to choose from"
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(wanted.casefold(), by_folded, n=3)
    meant = " or ".join(repr(by_folded[name]) for name in close)
    question = f"; did you mean {meant}?" if meant else ";"
    return f"{question} {introduction} {there}"


def _paths(bricks: Iterable[Owner]) -> str:
    return _listed(brick.path for brick in bricks)


def _listed(texts: Iterable[str]) -> str:
    """Each text once, in order, and of many the first few."""
    unique = list(dict.fromkeys(texts))
    rest = len(unique) - SHOWN
    return ", ".join(unique[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
