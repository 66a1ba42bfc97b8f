"""What a selector string says: its parts, found by reading it from left to right.

The grammar stands in the docstring of `bricks.select`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

WORD = re.compile(r"[\w*-]+")
QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Name:
    """A name as the selector gives it; `*` stands for any characters, unless it was quoted."""

    text: str
    quoted: bool = False

    def matches(self, name: str) -> bool:
        """Whether this is a way to write `name`."""
        if self.quoted or "*" not in self.text:
            return name == self.text
        pattern = ".*".join(re.escape(piece) for piece in self.text.split("*"))
        return re.fullmatch(pattern, name, re.DOTALL) is not None


@dataclass(frozen=True)
class BrickPart:
    """One brick: the name of a class that it is an instance of, its own name, or both."""

    text: str
    column: int
    class_name: Name | None
    name: Name | None


@dataclass(frozen=True)
class VariablePart:
    """One variable: the roles that it must all have, its name, or both."""

    text: str
    column: int
    roles: tuple[str, ...]
    name: Name | None


@dataclass(frozen=True)
class Step:
    """A brick on the way to the variable; `child` if it must be a child of the brick before."""

    child: bool
    brick: BrickPart


@dataclass(frozen=True)
class Chain:
    """Bricks, each inside the one before, and a variable inside the last of them."""

    text: str
    steps: tuple[Step, ...]
    child: bool
    variable: VariablePart


def parse(selector: str) -> tuple[Chain, ...]:
    """Return the chains, of which `selector` is the union.

    Raises:
        TypeError: if `selector` is no string.
        ValueError: if it does not follow the grammar; the message points at the column.
    """
    if not isinstance(selector, str):
        raise TypeError(
            f"a selector is a string such as 'MLP .WEIGHT', but a {type(selector).__name__} came: "
            f"{selector!r}"
        )
    return tuple(_Reader(selector).chains())


class _Reader:
    """A place in a selector, and what can be read from there."""

    def __init__(self, selector: str) -> None:
        self.selector = selector
        self.place = 0

    def chains(self) -> Iterator[Chain]:
        """Read the selectors between commas."""
        yield self._chain()
        while self._take(","):
            yield self._chain()

    def _chain(self) -> Chain:
        """Read bricks, one inside the other, and the variable that ends them."""
        self._skip_spaces()
        start = self.place
        steps: list[Step] = []
        child = False
        while True:
            brick = self._brick()
            if brick is not None:
                steps.append(Step(child, brick))
            if self._next() in (".", ":"):
                variable = self._variable()
                child = child if brick is None else True
                break
            if brick is None:
                raise self._error(self._missing_part(start))
            end = self.place
            self._skip_spaces()
            if self._next() in ("", ","):
                self.place = end
                raise self._error(_ends_with_a_brick(brick.text))
            child = self._take(">")
            self._skip_spaces()
        text = self.selector[start : self.place]
        self._skip_spaces()
        if self._next() not in ("", ","):
            if not re.match(r"[\w*#.:>\"-]", self._next()):
                raise self._error(self._missing_part(start))
            raise self._error(
                f"nothing is inside the variable {variable.text!r}; only the last part of a "
                "selector may name a role or a variable, and ',' begins another selector"
            )
        return Chain(text, tuple(steps), child, variable)

    def _brick(self) -> BrickPart | None:
        start = self.place
        class_name = self._match(WORD)
        name = None
        if self._take("#"):
            name = self._name("the name of a brick", "#")
            if self._next() == "#":
                raise self._error("a brick has one name, but a second '#' came")
        if class_name is None and name is None:
            return None
        text = self.selector[start : self.place]
        return BrickPart(text, start + 1, None if class_name is None else Name(class_name), name)

    def _variable(self) -> VariablePart:
        start = self.place
        roles: list[str] = []
        name: Name | None = None
        while self._next() in (".", ":"):
            if self._take("."):
                role = self._match(WORD)
                if role is None or "*" in role:
                    raise self._error("the name of a role must follow '.', such as '.WEIGHT'")
                roles.append(role)
            elif name is not None:
                raise self._error("a variable has one name, but a second ':' came")
            else:
                self._take(":")
                name = self._name("the name of a variable", ":")
        if self._next() == "#":
            raise self._error("'#' and the name of a brick come before '.' and ':'")
        return VariablePart(self.selector[start : self.place], start + 1, tuple(roles), name)

    def _name(self, what: str, sign: str) -> Name:
        if self._next() == '"':
            quoted = self._match(QUOTED)
            if quoted is None:
                raise self._error("this '\"' is never closed")
            return Name(quoted[1:-1], quoted=True)
        word = self._match(WORD)
        if word is None:
            raise self._error(f"{what} must follow {sign!r}")
        return Name(word)

    def _missing_part(self, start: int) -> str:
        character = self._next()
        if character and character not in ">,":
            return f"{character!r} has no meaning here; a name with such characters needs quotes"
        if self.place == start:
            return "a selector was expected, such as 'MLP .WEIGHT' or '#encoder:output'"
        return "a brick or a variable must follow '>'"

    def _next(self) -> str:
        return self.selector[self.place : self.place + 1]

    def _take(self, sign: str) -> bool:
        taken = self._next() == sign
        self.place += taken
        return taken

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.selector, self.place)
        if match is None:
            return None
        self.place = match.end()
        return match.group()

    def _skip_spaces(self) -> None:
        while self._next().isspace():
            self.place += 1

    def _error(self, problem: str) -> ValueError:
        line = "".join(" " if character.isspace() else character for character in self.selector)
        return ValueError(
            f"selector, column {self.place + 1}: {problem}\n    {line}\n    {' ' * self.place}^"
        )


def _ends_with_a_brick(text: str) -> str:
    return (
        f"{text!r} names bricks, but a selector gives variables: write '{text}:*' for the "
        f"variables of the brick itself, '{text} :*' for those of the bricks inside it too, or a "
        f"role or a name, such as '{text} .WEIGHT' or '{text}:output'"
    )
