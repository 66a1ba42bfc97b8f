"""What learns: gradient descent, and the rules that make steps of gradients."""

from mainloop.algorithms.base import AbstractTrainingAlgorithm, NotFiniteError
from mainloop.algorithms.gradient_descent import GradientDescent
from mainloop.algorithms.step_rule import CompositeRule, Restrict, StepRule
from mainloop.algorithms.step_rules import (
    AdaDelta,
    AdaGrad,
    Adam,
    BasicMomentum,
    BasicRMSProp,
    Momentum,
    RMSProp,
    Scale,
    StepClipping,
)

__all__ = [
    "AbstractTrainingAlgorithm",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "BasicMomentum",
    "BasicRMSProp",
    "CompositeRule",
    "GradientDescent",
    "Momentum",
    "NotFiniteError",
    "RMSProp",
    "Restrict",
    "Scale",
    "StepClipping",
    "StepRule",
]
