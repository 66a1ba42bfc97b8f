"""What turns gradients into steps, and how several of them make one."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import jax
import jax.numpy as jnp
import optax


class StepRule(optax.GradientTransformationExtraArgs):
    """An Optax gradient transformation that knows its sign.

    A step rule is used like any Optax transformation. In Optax, an optimizer gives updates to be
    *added* and what stands before it in a chain keeps the sign of the gradient, and nobody knows
    which is which. In a `CompositeRule`, in `Restrict` and as the rule of `GradientDescent`, step
    rules all give steps to be *subtracted*: `BasicMomentum` alone descends, and a rule with two
    `Scale` does too.

    Attributes:
        descends: whether this transformation, in an Optax chain, gives updates to be added.
        unsigned: the same rule as a transformation that keeps the sign of the gradient.
    """

    descends: bool
    unsigned: optax.GradientTransformationExtraArgs
    _text: str

    @classmethod
    def make(
        cls,
        unsigned: optax.GradientTransformation,
        signed: optax.GradientTransformation | None = None,
        **settings: Any,
    ) -> Self:
        """Return a rule.

        Args:
            unsigned: the rule as a transformation that keeps the sign of the gradient.
            signed: the rule as a transformation that gives updates to be added, for rules that
                hold a learning rate and are whole Optax optimizers; None for the others.
            **settings: shown by `repr`.
        """
        chosen = optax.with_extra_args_support(unsigned if signed is None else signed)
        rule = tuple.__new__(cls, tuple(chosen))
        rule.descends = signed is not None
        rule.unsigned = optax.with_extra_args_support(unsigned)
        arguments = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        rule._text = f"{cls.__name__}({arguments})"
        return rule

    @classmethod
    def of(cls, transformation: optax.GradientTransformation) -> "StepRule":
        """Return a transformation of Optax as a step rule.

        Its sign is found by trying it on the gradient 1 of one scalar parameter.

        Raises:
            TypeError: if it is not an Optax transformation.
            ValueError: if the trial fails; make such a rule of Optax's parts alone.
        """
        if isinstance(transformation, StepRule):
            return transformation
        require_transformation(transformation)
        if _descends(transformation):
            unsigned = optax.chain(transformation, optax.scale(-1.0))
            return StepRule.make(unsigned, transformation, of=transformation)
        return StepRule.make(transformation, of=transformation)

    @property
    def to_be_added(self) -> optax.GradientTransformationExtraArgs:
        """The rule as a transformation that gives updates to be added, as Optax's optimizers."""
        if self.descends:
            return optax.GradientTransformationExtraArgs(self.init, self.update)
        return optax.chain(self.unsigned, optax.scale(-1.0))

    def __repr__(self) -> str:
        return self._text


class CompositeRule(StepRule):
    """Several rules, each applied to what the one before it gave.

    Args:
        components: step rules or Optax transformations, from left to right.

    Raises:
        ValueError: if there are none.
    """

    def __new__(cls, components: Sequence[optax.GradientTransformation]) -> Self:
        """Return the rule."""
        rules = [StepRule.of(component) for component in components]
        if not rules:
            raise ValueError("a CompositeRule needs at least one component")
        unsigned = optax.chain(*(rule.unsigned for rule in rules))
        signed = None
        for last in reversed(range(len(rules))):
            if rules[last].descends:
                parts: list[Any] = [rule.unsigned for rule in rules]
                parts[last] = rules[last]
                signed = optax.chain(*parts)
                break
        return cls.make(unsigned, signed, components=list(components))


class Restrict(StepRule):
    """A rule for some of the parameters; the steps of the others pass through as they came.

    With `Restrict(Scale(0.1), weights)` alone, all other parameters are changed by their plain
    gradient. Rules for several groups follow each other in a `CompositeRule`.

    Args:
        step_rule: a step rule or an Optax transformation.
        variables: the parameters, for instance the result of a query: anything with a `path`.

    Raises:
        ValueError: if there are no variables, or, when training begins, one of them is not
            trained.
    """

    def __new__(cls, step_rule: optax.GradientTransformation, variables: Iterable[Any]) -> Self:
        """Return the rule."""
        rule = StepRule.of(step_rule)
        chosen = [str(variable.path) for variable in variables]
        if not chosen:
            raise ValueError(f"Restrict({step_rule!r}, ...) was given no variables")

        def mask(updates: dict[str, Any]) -> dict[str, bool]:
            missing = [path for path in chosen if path not in updates]
            if missing:
                raise ValueError(
                    f"Restrict was given {', '.join(missing)}, not among the trained parameters "
                    f"{', '.join(updates)}"
                )
            return {path: path in chosen for path in updates}

        return cls.make(
            optax.masked(rule.unsigned, mask), step_rule=step_rule, variables=sorted(chosen)
        )


def require_transformation(rule: Any) -> None:
    """Check that something is an Optax transformation.

    Raises:
        TypeError: if it is not.
    """
    if not isinstance(rule, optax.GradientTransformation):
        raise TypeError(
            f"a step rule is a StepRule such as Adam(), or an Optax transformation; got {rule!r}"
        )


def _descends(transformation: optax.GradientTransformation) -> bool:
    """Whether a transformation turns a positive gradient into a negative or no update."""

    def step() -> jax.Array:
        parameters = {"": jnp.ones(())}
        tried = optax.with_extra_args_support(transformation)
        state = tried.init(parameters)
        return tried.update(parameters, state, parameters, value=jnp.ones(()))[0][""]

    try:
        return bool(jax.jit(step)() <= 0)
    except Exception as error:
        raise ValueError(
            f"could not find out whether {transformation!r} keeps the sign of a gradient: it "
            "does not work on one scalar parameter; combine it by optax.chain, not CompositeRule"
        ) from error
