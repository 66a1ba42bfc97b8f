"""Batches made of single examples."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fuel.schemes import BatchScheme, IterationScheme
from fuel.streams import AbstractDataStream, AxisLabels
from fuel.transformers.base import Transformer

__all__ = ["Batch"]


class Batch(Transformer):
    """Collects examples into batches.

    Examples of one shape become an array; if their shapes differ, an array of objects.

    Args:
        data_stream: a stream of examples.
        iteration_scheme: gives batch sizes, for instance `ConstantScheme(128)`.
        strictness: what to do with fewer examples than asked for at the end of an epoch: 0 gives
            them as a smaller batch, 1 drops them, 2 is an error.

    Raises:
        TypeError: if `iteration_scheme` is not one.
        ValueError: if the stream produces batches, if the scheme requests examples or indices, or
            if `strictness` is not 0, 1 or 2.
    """

    stateless = False

    def __init__(
        self,
        data_stream: AbstractDataStream,
        iteration_scheme: IterationScheme,
        strictness: int = 0,
        **kwargs: Any,
    ) -> None:
        if not data_stream.produces_examples:
            raise ValueError(
                f"Batch collects examples, but {type(data_stream).__name__} gives batches already"
            )
        if not isinstance(iteration_scheme, IterationScheme):
            raise TypeError(
                f"iteration_scheme={iteration_scheme!r} is no scheme; for batches of so many "
                "examples give ConstantScheme(examples)"
            )
        if iteration_scheme.requests_examples or isinstance(iteration_scheme, BatchScheme):
            raise ValueError(
                f"Batch needs a scheme of batch sizes such as ConstantScheme, but "
                f"{type(iteration_scheme).__name__} requests indices"
            )
        if strictness not in (0, 1, 2):
            raise ValueError(f"strictness is 0 (keep), 1 (drop) or 2 (raise), not {strictness}")
        kwargs.setdefault("axis_labels", batch_labels(data_stream.axis_labels))
        super().__init__(data_stream, iteration_scheme=iteration_scheme, **kwargs)
        self.strictness = strictness

    def get_data(self, request: Any = None) -> tuple[Any, ...]:
        """The next `request` examples as a batch.

        Raises:
            ValueError: if `request` is not a number of examples; with strictness 2, if there are
                fewer.
            StopIteration: at the end of the epoch.
        """
        request = checked_size(self, request)
        assert self.child_epoch_iterator is not None
        examples = []
        for _, example in zip(range(request), self.child_epoch_iterator, strict=False):
            examples.append(example)
        if not examples or (len(examples) < request and self.strictness == 1):
            raise StopIteration
        if len(examples) < request and self.strictness == 2:
            raise ValueError(
                f"{len(examples)} examples are left for a batch of {request}, and strictness is 2; "
                "choose a batch size that divides the number of examples, or a lower strictness"
            )
        return tuple(as_batch(column) for column in zip(*examples, strict=True))


def batch_labels(labels: AxisLabels | None) -> AxisLabels | None:
    """The axes of batches, from those of examples."""
    if labels is None:
        return None
    return {source: None if axes is None else ("batch", *axes) for source, axes in labels.items()}


def checked_size(asked: object, request: Any) -> int:
    """A request that must be a number of examples.

    Raises:
        ValueError: if it is not.
    """
    if not isinstance(request, int | np.integer) or request < 1:
        name = type(asked).__name__
        raise ValueError(f"{name} needs the number of examples of a batch, not {request!r}")
    return int(request)


def as_batch(examples: Sequence[Any]) -> np.ndarray:
    """Examples along a new first axis; as objects, if their shapes differ, or they are bytes."""
    if type(examples[0]) is not bytes and _have_one_shape(examples):
        return np.asarray(examples)  # as an array, bytes would lose the zeros at their ends
    batch = np.empty(len(examples), dtype=object)
    for place, example in enumerate(examples):
        batch[place] = example
    return batch


def _have_one_shape(examples: Sequence[Any]) -> bool:
    try:
        return len({np.shape(example) for example in examples}) == 1
    except ValueError:  # a list of lists of different lengths has no shape
        return False
