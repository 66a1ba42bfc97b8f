"""Extensions that do one thing, at moments that are chosen when they are made."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from mainloop._protocols import LogLike, State
from mainloop.extensions.base import MOMENTS, TrainingExtension

Predicate = Callable[[LogLike], bool]

_COUNTERS = {
    "every_n_batches": ("after_batch", "iterations_done"),
    "every_n_epochs": ("after_epoch", "epochs_done"),
    "after_n_batches": ("after_batch", "iterations_done"),
    "after_n_epochs": ("after_epoch", "epochs_done"),
}
TRIGGERS = (*MOMENTS, "before_first_epoch", *_COUNTERS)


@dataclass(frozen=True)
class _Condition:
    """When to act, and with which arguments besides those of the main loop."""

    predicate: Predicate
    arguments: tuple[Any, ...] = ()


class SimpleExtension(TrainingExtension, ABC):
    """An extension that acts (`do`) when one of its triggers says so.

    Triggers are keyword arguments. True switches on those named after a moment (`after_epoch`,
    `before_training`, `on_interrupt`, ...) and `before_first_epoch`. A number switches on
    `every_n_batches` and `every_n_epochs`, and `after_n_batches` and `after_n_epochs`, which act
    once, when n is reached or passed. If several triggers agree in one moment, the extension acts
    once (once for each set of arguments given to `add_condition`).

    Args:
        name: under which the loop finds the extension; the name of the class if None.
        **triggers: see above; False, None and 0 switch a trigger off.

    Raises:
        TypeError: for a trigger that does not exist.
        ValueError: for a number of batches or epochs below 0.
    """

    def __init__(self, name: str | None = None, **triggers: Any) -> None:
        super().__init__(name)
        self._conditions: dict[str, list[_Condition]] = {}
        self._fired: list[str] = []
        self.set_conditions(**triggers)

    @abstractmethod
    def do(self, which_callback: str, *args: Any) -> None:
        """Act.

        Args:
            which_callback: the moment, for example `after_epoch`.
            *args: what the moment comes with (a batch, an exception), then the arguments of
                the condition that was met.
        """

    def set_conditions(self, **triggers: Any) -> Self:
        """Forget all conditions and take these triggers instead; returns the extension."""
        self._conditions = {}
        for trigger, setting in triggers.items():
            if trigger not in TRIGGERS:
                raise TypeError(
                    _unknown(f"{type(self).__name__} got the trigger", trigger, TRIGGERS)
                )
            if not setting:
                continue
            moment, predicate = self._compile(trigger, setting)
            self._conditions.setdefault(moment, []).append(_Condition(predicate))
        return self

    def add_condition(
        self,
        callbacks: Sequence[str],
        predicate: Predicate | None = None,
        arguments: tuple[Any, ...] = (),
    ) -> Self:
        """Act also at these moments, if the predicate holds; returns the extension.

        Args:
            callbacks: names of moments.
            predicate: takes the log; None is always.
            arguments: given to `do` after those of the main loop.

        Raises:
            TypeError: if `callbacks` is one name instead of a sequence of names.
            ValueError: for a moment that does not exist.
        """
        if isinstance(callbacks, str):
            raise TypeError(f"callbacks must be a sequence of names: [{callbacks!r}]")
        for moment in callbacks:
            if moment not in MOMENTS:
                raise ValueError(_unknown("there is no moment", moment, MOMENTS))
            self._conditions.setdefault(moment, []).append(
                _Condition(_always if predicate is None else predicate, tuple(arguments))
            )
        return self

    def dispatch(self, moment: str, *arguments: Any) -> None:
        """Tell the extension of a moment: its own method first, then `do` if a trigger says so."""
        super().dispatch(moment, *arguments)
        conditions = self._conditions.get(moment)
        if conditions is None:
            return
        log = self.main_loop.log
        met: list[tuple[Any, ...]] = []
        for condition in conditions:
            if condition.predicate(log) and condition.arguments not in met:
                met.append(condition.arguments)
        for extra in met:
            self.do(moment, *arguments, *extra)

    def state_dict(self) -> State:
        """Which of the triggers that act once have acted."""
        return {"fired": list(self._fired)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember which of the triggers that act once have acted."""
        self._fired = list(state["fired"])

    def _compile(self, trigger: str, setting: Any) -> tuple[str, Predicate]:
        """Return the moment at which a trigger is looked at, and its predicate."""
        if trigger == "before_first_epoch":
            return "before_epoch", lambda log: log.status["epochs_done"] == 0
        if trigger not in _COUNTERS:
            return trigger, _always
        moment, counter = _COUNTERS[trigger]
        if isinstance(setting, bool) or not isinstance(setting, int) or setting < 0:
            raise ValueError(f"{trigger}={setting!r} must be a whole number, at least 1 (0 is off)")
        if trigger.startswith("every"):
            return moment, lambda log: log.status[counter] % setting == 0
        once = f"{trigger}={setting}"

        def reached(log: LogLike) -> bool:
            if log.status[counter] < setting or once in self._fired:
                return False
            self._fired.append(once)
            return True

        return moment, reached


@dataclass(frozen=True)
class OnLogRecord:
    """A predicate: the current row of the log has a true value under this name."""

    record_name: str

    def __call__(self, log: LogLike) -> bool:
        """Whether the record is there and true."""
        return bool(log.current_row.get(self.record_name, False))


def _always(log: LogLike) -> bool:
    return True


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}"
    return f"{what} {name!r}, which does not exist; {hint}"
