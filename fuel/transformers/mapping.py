"""A function applied to whole items."""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as AbstractMapping
from typing import Any

from fuel.streams import AbstractDataStream
from fuel.transformers.base import Transformer
from fuel.transformers.batches import as_batch
from fuel.transformers.sorting import SortMapping

__all__ = ["Mapping"]


class Mapping(Transformer):
    """Applies a function to every item, example or batch.

    The function should keep nothing from call to call, for then it can be applied by any process
    and resumed anywhere. If it makes other sources of those there are, name them afterwards:
    `stream.sources = ("image", "label")`.

    Args:
        data_stream: the stream to transform.
        mapping: gets the item, and returns a tuple or list with an element for each source; or with
            one for each of `add_sources`.
        add_sources: names of sources that the function's results are appended as; without, they
            replace all sources.
        mapping_accepts: `list`, if the function gets the item as a tuple; `dict`, if it gets, and
            may return, a dictionary with source names as keys.
        keeps_axes: whether results have the axes of the sources that they stand for, so that labels
            are kept; a `SortMapping`'s do, and what `add_sources` leaves as it is.
        each_example: of a stream of batches, apply the function to each example, and make batches
            of the results. A function of whole batches is many times faster.
        axis_labels: for each source the names of its axes.

    Raises:
        TypeError: if `mapping` cannot be called.
        ValueError: if `mapping_accepts` is neither, or a source is added that is there already.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        mapping: Callable[[Any], Any],
        add_sources: Iterable[str] | None = None,
        mapping_accepts: type = list,
        *,
        keeps_axes: bool = False,
        each_example: bool = False,
        **kwargs: Any,
    ) -> None:
        if mapping_accepts not in (list, dict):
            raise ValueError(f"mapping_accepts is list or dict, not {mapping_accepts!r}")
        if not callable(mapping):
            raise TypeError(f"mapping={mapping!r} is no function")
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        if keeps_axes or add_sources is not None or isinstance(mapping, SortMapping):
            kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, **kwargs)
        self.mapping = mapping
        self.mapping_accepts = mapping_accepts
        self.each_example = each_example
        self.add_sources = None if add_sources is None else _checked(add_sources, data_stream)
        if self.add_sources is not None:
            self.sources = (*data_stream.sources, *self.add_sources)

    def transform_example(self, example: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the function makes of one example."""
        return self._with_image(example, self._image(example))

    def transform_batch(self, batch: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the function makes of a batch."""
        if not self.each_example:
            return self.transform_example(batch)
        images = [self._image(example) for example in zip(*batch, strict=True)]
        columns = zip(*images, strict=True)
        return self._with_image(batch, tuple(as_batch(column) for column in columns))

    def passes_on(self, source: str) -> str | None:
        """With `add_sources` the child's sources are passed on."""
        return source if self.add_sources is not None and source not in self.add_sources else None

    def _image(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        given: Any = data
        if self.mapping_accepts is dict:
            given = dict(zip(self.data_stream.sources, data, strict=True))
        return self._as_tuple(self.mapping(given))

    def _with_image(self, data: tuple[Any, ...], image: tuple[Any, ...]) -> tuple[Any, ...]:
        return image if self.add_sources is None else (*data, *image)

    def _as_tuple(self, image: Any) -> tuple[Any, ...]:
        names = self.sources if self.add_sources is None else self.add_sources
        if isinstance(image, AbstractMapping):
            if missing := [name for name in names if name not in image]:
                raise ValueError(
                    f"the function of a Mapping returned {sorted(image)}, without {missing}; "
                    "if these are its sources now, assign their names to its sources"
                )
            return tuple(image[name] for name in names)
        if not isinstance(image, tuple | list):
            raise ValueError(
                f"the function of a Mapping must return a tuple or list with one element for each "
                f"of {tuple(names)}, but returned {type(image).__name__}; for one source, (x,)"
            )
        if self.add_sources is not None and len(image) != len(names):
            raise ValueError(
                f"the function of a Mapping returned {len(image)} elements for add_sources={names}"
            )
        return tuple(image)


def _checked(add_sources: Iterable[str], data_stream: AbstractDataStream) -> tuple[str, ...]:
    names = (add_sources,) if isinstance(add_sources, str) else tuple(add_sources)
    if known := [name for name in names if name in data_stream.sources]:
        raise ValueError(f"add_sources names {known}, which the stream has already")
    return names
