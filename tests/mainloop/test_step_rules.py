"""Step rules are those of the papers, and Optax transformations that know their sign."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_graphs import Graph, Parameter

from mainloop.algorithms import (
    AdaDelta,
    AdaGrad,
    Adam,
    BasicMomentum,
    BasicRMSProp,
    CompositeRule,
    GradientDescent,
    Momentum,
    Restrict,
    RMSProp,
    Scale,
    StepClipping,
)


def train(rule, gradients, start=((1.0, 2.0), (3.0,))):
    """The values of `/a` and `/b` after steps along given gradients."""

    def fn(values, batch, key):
        return {"cost": values["/a"] @ batch["a"] + values["/b"] @ batch["b"]}, {}

    parameters = [
        Parameter("/a", jnp.asarray(start[0], jnp.float32)),
        Parameter("/b", jnp.asarray(start[1], jnp.float32)),
    ]
    algorithm = GradientDescent(Graph(fn, parameters, ["a", "b"]), rule)
    for of_a, of_b in gradients:
        algorithm.process_batch({"a": np.array(of_a, "f"), "b": np.array(of_b, "f")})
    return np.concatenate([algorithm.values["/a"], algorithm.values["/b"]])


GRADIENTS = [((3.0, -1.0), (4.0,)), ((0.5, 2.0), (-1.0,)), ((1.0, 1.0), (0.25,))]
FLAT = np.array([[*of_a, *of_b] for of_a, of_b in GRADIENTS])
START = np.array([1.0, 2.0, 3.0])


def by_hand(step):
    """The values after subtracting `step(number, gradient)` for each gradient."""
    values = START.copy()
    for number, gradient in enumerate(FLAT, start=1):
        values = values - step(number, gradient)
    return values


def momentum_by_hand(rate, momentum):
    velocity = np.zeros(3)

    def step(number, gradient):
        velocity[:] = momentum * velocity + rate * gradient
        return velocity.copy()

    return by_hand(step)


def mean_square_by_hand(decay, largest, rate):
    mean = np.zeros(3)

    def step(number, gradient):
        mean[:] = decay * mean + (1 - decay) * gradient**2
        return rate * gradient / np.maximum(np.sqrt(mean), 1 / largest)

    return by_hand(step)


def adam_by_hand(rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8):
    mean, square = np.zeros(3), np.zeros(3)

    def step(number, gradient):
        mean[:] = beta1 * mean + (1 - beta1) * gradient
        square[:] = beta2 * square + (1 - beta2) * gradient**2
        corrected = np.sqrt(square / (1 - beta2**number)) + epsilon
        return rate * mean / (1 - beta1**number) / corrected

    return by_hand(step)


def adagrad_by_hand(rate, epsilon):
    total = np.zeros(3)

    def step(number, gradient):
        total[:] = total + gradient**2
        return rate * gradient / np.sqrt(total + epsilon)

    return by_hand(step)


def adadelta_by_hand(decay, epsilon):
    squares, changes = np.zeros(3), np.zeros(3)

    def step(number, gradient):
        squares[:] = decay * squares + (1 - decay) * gradient**2
        change = np.sqrt(changes + epsilon) / np.sqrt(squares + epsilon) * gradient
        changes[:] = decay * changes + (1 - decay) * change**2
        return change

    return by_hand(step)


def clipped(threshold):
    def step(number, gradient):
        return gradient * min(1.0, threshold / np.linalg.norm(gradient))

    return by_hand(step)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Scale(), by_hand(lambda number, gradient: gradient)),
        (Scale(0.1), by_hand(lambda number, gradient: 0.1 * gradient)),
        (BasicMomentum(0.9), momentum_by_hand(1.0, 0.9)),
        (Momentum(0.1, 0.9), momentum_by_hand(0.1, 0.9)),
        (Adam(), adam_by_hand()),
        (Adam(0.1, 0.5, 0.9, 1e-2), adam_by_hand(0.1, 0.5, 0.9, 1e-2)),
        (BasicRMSProp(0.8), mean_square_by_hand(0.8, 1e5, 1.0)),
        (RMSProp(0.1, 0.8, 0.5), mean_square_by_hand(0.8, 0.5, 0.1)),
        (AdaGrad(0.1, 1e-2), adagrad_by_hand(0.1, 1e-2)),
        (AdaDelta(0.9, 1e-4), adadelta_by_hand(0.9, 1e-4)),
        (StepClipping(2.0), clipped(2.0)),
        (StepClipping(), by_hand(lambda number, gradient: gradient)),
    ],
    ids=repr,
)
def test_a_rule_takes_the_steps_of_its_formula(rule, expected):
    np.testing.assert_allclose(train(rule, GRADIENTS), expected, rtol=2e-5)


def test_rules_of_a_composite_act_from_left_to_right():
    clipped_first = train(CompositeRule([StepClipping(1.0), Scale(10.0)]), GRADIENTS[:1])
    scaled_first = train(CompositeRule([Scale(10.0), StepClipping(1.0)]), GRADIENTS[:1])

    direction = FLAT[0] / np.linalg.norm(FLAT[0])
    np.testing.assert_allclose(clipped_first, START - 10 * direction, rtol=1e-5)
    np.testing.assert_allclose(scaled_first, START - direction, rtol=1e-5)


@pytest.mark.parametrize(
    "rule",
    [
        CompositeRule([Scale(0.5), Scale(0.2)]),
        CompositeRule([Scale(0.1), optax.clip(100.0)]),
        CompositeRule([optax.clip(100.0), Scale(0.1)]),
        CompositeRule([StepClipping(100.0), optax.sgd(0.1)]),
        CompositeRule([optax.sgd(0.2), Scale(0.5)]),
        CompositeRule([optax.scale(0.1)]),
        CompositeRule([CompositeRule([Scale(0.1)]), StepClipping(100.0)]),
        optax.chain(StepClipping(100.0), optax.sgd(0.1)),
        optax.chain(optax.clip(100.0), Scale(0.1)),
        optax.chain(Momentum(0.1)),
        Scale(lambda step: 0.1),
    ],
    ids=lambda rule: repr(rule)[:60].split("<")[0],
)
def test_rules_and_optax_transformations_together_descend_once(rule):
    np.testing.assert_allclose(train(rule, GRADIENTS[:1]), START - 0.1 * FLAT[0], rtol=1e-5)


def test_an_empty_composite_is_an_error():
    with pytest.raises(ValueError, match="at least one component"):
        CompositeRule([])


def test_restricted_rules_change_their_parameters_and_leave_the_others_plain():
    a, b = Parameter("/a", None), Parameter("/b", None)

    one = train(Restrict(Scale(0.1), [a]), GRADIENTS[:1])
    both = train(CompositeRule([Restrict(Scale(0.1), [a]), Restrict(Scale(0.01), [b])]), GRADIENTS)

    np.testing.assert_allclose(one, START - FLAT[0] * [0.1, 0.1, 1.0], rtol=1e-5)
    np.testing.assert_allclose(both, START - FLAT.sum(0) * [0.1, 0.1, 0.01], rtol=1e-5)


def test_an_optax_optimizer_can_be_restricted():
    restricted = Restrict(optax.sgd(0.1), [Parameter("/a", None)])

    values = train(restricted, GRADIENTS[:1])

    np.testing.assert_allclose(values, START - FLAT[0] * [0.1, 0.1, 1.0], rtol=1e-5)


def test_a_restriction_to_what_is_not_trained_is_an_error():
    with pytest.raises(ValueError, match="given /c, not among the trained parameters /a, /b"):
        train(Restrict(Scale(0.1), [Parameter("/c", None)]), GRADIENTS[:1])


def test_a_restriction_to_nothing_is_an_error():
    with pytest.raises(ValueError, match="was given no variables"):
        Restrict(Scale(0.1), [])


def test_clipping_leaves_a_zero_gradient_alone():
    np.testing.assert_array_equal(train(StepClipping(1.0), [((0, 0), (0,))]), START)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BasicMomentum(1.5), r"momentum=1\.5 must be in \[0, 1\]"),
        (lambda: Adam(beta1=-1), r"beta1=-1 must be in \[0, 1\]"),
        (lambda: AdaDelta(decay_rate=2), r"decay_rate=2 must be in \[0, 1\]"),
        (lambda: BasicRMSProp(max_scaling=0), "max_scaling=0 must be above 0"),
        (lambda: StepClipping(-1), "threshold=-1 must be above 0"),
    ],
)
def test_settings_out_of_range_are_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_rule_is_an_optax_transformation_of_any_tree():
    parameters = {"layer": [jnp.ones(2), jnp.ones(())]}
    rule = Adam(0.1)

    updates, _ = rule.update(parameters, rule.init(parameters), parameters)

    # The first step of Adam is the learning rate in the direction of the sign.
    for update in jax.tree.leaves(updates):
        np.testing.assert_allclose(update, -0.1, rtol=1e-4)


def test_a_rule_shows_how_it_was_made():
    assert repr(Momentum(0.1, 0.9)) == "Momentum(learning_rate=0.1, momentum=0.9)"
