"""The states of streams: what is checked before one is loaded."""

from collections.abc import Mapping
from typing import Any

from fuel._shard import Shard
from fuel.exceptions import StateMismatchError

__all__ = ["STATE_VERSION", "check_shard", "check_state", "shard_entry"]

STATE_VERSION = 1


def check_state(state: Mapping[str, Any], fingerprint: str) -> None:
    """Refuse a state of another format version, or of a stream with another fingerprint.

    Raises:
        StateMismatchError: if either differs; it shows both.
    """
    if not isinstance(state, Mapping) or "version" not in state or "stream" not in state:
        held = sorted(state) if isinstance(state, Mapping) else f"no names, being {state!r:.100}"
        raise StateMismatchError(
            f"this is not the state of such a stream: it holds {held}, but needs "
            "'version' and 'stream' among others; was it taken from a stream of other transformers?"
        )
    if state["version"] != STATE_VERSION:
        raise StateMismatchError(
            f"the state has format version {state['version']}, but this release reads version "
            f"{STATE_VERSION}"
        )
    if state["stream"] != fingerprint:
        raise StateMismatchError(
            f"the state belongs to a stream of {state['stream']}, but this is a stream of "
            f"{fingerprint}; make the stream as it was made then, or start it anew"
        )


def check_shard(state: Mapping[str, Any], shard: Shard) -> None:
    """Refuse a place inside an epoch that is of another shard, which has other items left.

    Raises:
        StateMismatchError: if it is.
    """
    index, count = state.get("shard", (0, 1))
    if (index, count) == (shard.index, shard.count):
        return
    if state.get("in_epoch") and (state.get("step") or state.get("taken")):
        raise StateMismatchError(
            f"the place is inside an epoch, after item {state['step']} of shard {index} of "
            f"{count}, and shard {shard.index} of {shard.count} cannot go on from there; between "
            "epochs any shard of any number can"
        )


def shard_entry(shard: Shard) -> dict[str, Any]:
    """What a state says of the shard it was taken from; nothing if that is the whole stream."""
    return {} if shard.count == 1 else {"shard": [shard.index, shard.count]}
