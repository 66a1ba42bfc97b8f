"""Where a NaN began: the steps since a good place, taken again and looked at one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from mainloop._protocols import Batch, Values
from mainloop.algorithms._arrays import copied, first_bad
from mainloop.algorithms._step import Result, TrainingStep
from mainloop.monitoring.step_monitor import StepMonitor


@dataclass(frozen=True)
class Snapshot:
    """All that the next step depends on, and the hyper-parameters that were set since.

    Attributes:
        carry: what the step changes.
        held: the hyper-parameters.
        untrained: the values of the other parameters.
        steps_done: how many batches had been processed.
        settings: steps done, number of the leaf of the rule's state, and value of each setting.
    """

    carry: list[jax.Array]
    held: list[jax.Array]
    untrained: Values
    steps_done: int
    settings: list[tuple[int, int, jax.Array]] = field(default_factory=list)


def explain(
    step: TrainingStep,
    snapshot: Snapshot,
    batches: Iterable[Batch],
    monitors: Sequence[StepMonitor],
) -> str | None:
    """Take the steps since a snapshot again, looking at each one, up to the first bad one.

    Args:
        step: that was taken.
        snapshot: of a place where all was well.
        batches: those processed since then, in order.
        monitors: those that the step accumulates for; they are reset.

    Returns:
        Where the first NaN or infinity appeared, or None if none did this time.
    """
    carry, held = copied(snapshot.carry), list(snapshot.held)
    untrained = snapshot.untrained
    for number, batch in enumerate(batches, start=snapshot.steps_done):
        for when, leaf, value in snapshot.settings:
            if when == number:
                is_held, index = step.layout.place(leaf)
                (held if is_held else carry)[index] = copied(value)
        before = {**step.layout.join(copied(carry), held)[0], **untrained}
        for monitor in monitors:
            monitor.reset()
        accumulated = [monitor.accumulated for monitor in monitors]
        result: Result = step.run(carry, held, untrained, accumulated, batch, number & 0x7FFFFFFF)
        carry, untrained = result.carry, {**untrained, **result.updates}
        if not np.isfinite(result.cost):
            name = step.graph.first_not_finite(before, batch, step.key(number))
            return f"the first NaN or infinity appeared in {name}, in batch {number + 1}"
        bad = first_bad({**step.layout.join(carry, held)[0], **untrained})
        if bad is not None:
            return (
                f"batch {number + 1} had the cost {float(result.cost):g}, but its gradient "
                f"made {bad} NaN or infinite"
            )
    return None
