"""What a user of a file should know before training on it."""

from __future__ import annotations

from collections.abc import Iterator

from fuel.commands._description import FileDescription

__all__ = ["warnings_of"]


def warnings_of(description: FileDescription) -> Iterator[str]:
    """Sources that are slow to read shuffled, or hold numbers that are none; splits of no use."""
    for source in description.sources:
        if source.warning is not None:
            yield f"{source.name} is {source.warning}"
        for split, figures in source.statistics.items():
            if figures.not_finite:
                yield (
                    f"{source.name} has {figures.not_finite:,} numbers in the split {split} that "
                    "are infinite or none"
                )
    for split, parts in description.splits.items():
        counts = {name: count for name, (count, _) in parts.items()}
        if not any(counts.values()):
            yield f"the split {split} has no examples"
        elif len(set(counts.values())) > 1:
            said = ", ".join(f"{count:,} of {name}" for name, count in counts.items())
            yield f"the sources of the split {split} have different numbers of examples: {said}"
