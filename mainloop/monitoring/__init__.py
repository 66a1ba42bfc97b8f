"""What is measured during a run, aggregated on the device and weighted by examples."""

from mainloop.monitoring.aggregation import (
    AbstractAggregation,
    Maximum,
    Mean,
    Minimum,
    Sum,
    TakeLast,
)
from mainloop.monitoring.evaluator import DatasetEvaluator
from mainloop.monitoring.step_monitor import StepMonitor

__all__ = [
    "AbstractAggregation",
    "DatasetEvaluator",
    "Maximum",
    "Mean",
    "Minimum",
    "StepMonitor",
    "Sum",
    "TakeLast",
]
