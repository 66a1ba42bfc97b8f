"""Data sets of containers that can be indexed, such as arrays."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fuel._selection import checked_request
from fuel._streams._context import Allocate, new_array
from fuel._streams._pending import CanDefer, keeps
from fuel._subset import Subset
from fuel.datasets._containers import adopt, between, select
from fuel.datasets._dataset import Dataset, common_length
from fuel.datasets._readers import ArrayReader, are_quick
from fuel.schemes import SequentialExampleScheme
from fuel.streams import AxisLabels

__all__ = ["IndexableDataset"]


class IndexableDataset(Dataset, CanDefer):
    """Examples in containers that can be indexed: arrays, lists, and the like.

    Arrays are not copied when the data set is made; what it gives are copies, always. Tensors of
    other libraries in the CPU's memory are looked at as arrays of NumPy's (by DLPack), and so are
    columns of pandas, by place and not by label; their stored arrays, Zarr's for instance, are read
    part by part, and give arrays of NumPy's.

    Args:
        indexables: from source name to container; or one container, whose source is `data`.
        start: the first example to use.
        stop: one past the last example to use.
        sources: names of the sources wanted, in this order; default all.
        axis_labels: for each source the names of its axes.

    Attributes:
        indexables: the containers of the sources wanted, from `start` to `stop`. Each is also an
            attribute with the name of its source.
        subset: which of the given examples are used.
        num_examples: how many examples are used.

    Raises:
        ValueError: if a source is not provided, if containers differ in length, or if `start` and
            `stop` reach outside of them.
    """

    stateless = True

    def __init__(
        self,
        indexables: Mapping[str, Any] | Any,
        start: int | None = None,
        stop: int | None = None,
        sources: Iterable[str] | None = None,
        axis_labels: AxisLabels | None = None,
    ) -> None:
        named = indexables if isinstance(indexables, Mapping) else {"data": indexables}
        self.provides_sources = tuple(named)
        super().__init__(sources, axis_labels)
        wanted = {source: adopt(named[source]) for source in self.sources}
        self.start, self.stop = start, stop
        self.subset = Subset(slice(start, stop), common_length(wanted))
        if start is not None or stop is not None:
            wanted = {
                source: between(container, start, stop) for source, container in wanted.items()
            }
        self.indexables = list(wanted.values())
        self.num_examples = self.subset.num_examples
        self.example_iteration_scheme = SequentialExampleScheme(self.num_examples)
        self._set_readers()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.sources:
            return self.indexables[self.sources.index(name)]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def get_data(self, state: Any = None, request: Any = None) -> tuple[Any, ...]:
        """Copies of the examples of a request.

        Args:
            state: None.
            request: an integer (one example, without batch axis), a slice, or a list, tuple or
                array of integers.

        Raises:
            ValueError: if there is a state, or if the request is empty, reaches outside of the
                data, or is of another kind.
        """
        return self._read(state, request, new_array)

    def get_data_into(self, state: Any, request: Any, allocate: Allocate) -> tuple[Any, ...]:
        """As `get_data`, in arrays made by `allocate`."""
        return self._read(state, request, allocate)

    @property
    def accepts_arrays(self) -> bool:
        """Whether requests may be slices and integer arrays: unless `get_data` was redefined."""
        return type(self).get_data is IndexableDataset.get_data

    @property
    def _can_defer(self) -> bool:
        return keeps(self, IndexableDataset, "get_data", "get_data_into")

    def _is_quick(self, pending: frozenset[str]) -> bool:
        return are_quick(zip(self.sources, self._readers, strict=True), pending)

    def fingerprint(self) -> str:
        """Number and rows of the examples."""
        return f"{self.num_examples} examples ({self.subset.description})"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the readers, which are made again."""
        return {name: value for name, value in vars(self).items() if name != "_readers"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._set_readers()

    def _set_readers(self) -> None:
        self._readers = [
            ArrayReader(container) if isinstance(container, np.ndarray) else None
            for container in self.indexables
        ]

    def _read(self, state: Any, request: Any, allocate: Allocate) -> tuple[Any, ...]:
        if state is not None:
            raise ValueError(f"an {type(self).__name__} has no state, but got {state!r}")
        selection = checked_request(request, self.num_examples)
        return tuple(
            select(container, selection)
            if reader is None
            else reader.read(selection, source, allocate)
            for source, container, reader in zip(
                self.sources, self.indexables, self._readers, strict=True
            )
        )
