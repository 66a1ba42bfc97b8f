"""What a copy of a stream is made of."""

from collections.abc import Collection
from typing import Any

__all__ = ["copied_state", "load_copied_state"]


def copied_state(stream: Any, live: Collection[str]) -> dict[str, Any]:
    """A stream's attributes but those that are `live`, and as `"_place"` its place instead.

    The place of a stream of the user's that does not count is None: a copy of it starts anew.
    """
    state = {name: value for name, value in vars(stream).items() if name not in live}
    try:
        return {**state, "_place": stream.state_dict()}
    except NotImplementedError:
        return {**state, "_place": None}


def load_copied_state(stream: Any, state: dict[str, Any], live: Collection[str]) -> None:
    """Give a new stream what `copied_state` gave of another one, and bring it to its place."""
    place = state.pop("_place")
    vars(stream).update(state, **dict.fromkeys(live))
    if place is not None:
        stream.load_state_dict(place)
