"""Schemes one after the other."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fuel._requests import ChainedRequests
from fuel.schemes._base import IterationScheme

__all__ = ["ConcatenatedScheme"]


class ConcatenatedScheme(IterationScheme):
    """Several schemes, one after the other within each epoch.

    Raises:
        ValueError: if there are none, or if some request examples and others batches.
    """

    def __init__(self, schemes: Iterable[IterationScheme]) -> None:
        self.schemes = list(schemes)
        kinds = {scheme.requests_examples for scheme in self.schemes}
        if len(kinds) != 1:
            raise ValueError(
                f"schemes to concatenate must be one or more, all of examples or all of batches; "
                f"got {[type(scheme).__name__ for scheme in self.schemes]}"
            )
        self.requests_examples = kinds.pop()

    def get_request_iterator(self) -> Iterator[Any]:
        """Begin the next epoch in every scheme; iterate over all their requests."""
        return ChainedRequests([scheme.get_request_iterator() for scheme in self.schemes])

    def state_dict(self) -> dict[str, Any]:
        """The states of the schemes."""
        return {"schemes": [scheme.state_dict() for scheme in self.schemes]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore every scheme."""
        for scheme, part in zip(self.schemes, state["schemes"], strict=True):
            scheme.load_state_dict(part)

    def fingerprint(self) -> str:
        """The fingerprints of the schemes."""
        return f"{type(self).__name__}({', '.join(s.fingerprint() for s in self.schemes)})"
