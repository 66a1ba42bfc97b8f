"""A check that data has the axes a transformer works on."""

import logging

from fuel.exceptions import AxisLabelsMismatchError

__all__ = ["ExpectsAxisLabels"]

logger = logging.getLogger(__name__)


class ExpectsAxisLabels:
    """Mixin for transformers that need data with certain axes."""

    def verify_axis_labels(
        self,
        expected: tuple[str, ...],
        actual: tuple[str, ...] | None,
        source_name: str,
    ) -> None:
        """Compare a source's axis labels with those expected; once for each source.

        Labels that are missing are logged as a warning.

        Args:
            expected: names of the axes needed.
            actual: names of the axes there are, or None if that is unknown.
            source_name: whose they are.

        Raises:
            AxisLabelsMismatchError: if they differ.
        """
        checked: set[str] = vars(self).setdefault("_checked_axis_labels", set())
        if source_name in checked:
            return
        if actual is None:
            logger.warning(
                "%s needs the axes %s, but source %r has no axis labels to verify that by; give "
                "its data set axis_labels=",
                type(self).__name__,
                expected,
                source_name,
            )
        elif tuple(expected) != tuple(actual):
            raise AxisLabelsMismatchError(
                f"{type(self).__name__} needs the axes {tuple(expected)}, but source "
                f"{source_name!r} has {tuple(actual)}"
            )
        checked.add(source_name)
