"""A hundred workers killed at moments that have nothing to do with what they do."""

import contextlib
import os
import random
import signal
import threading

import pytest
import streams_for_workers as streams

from fuel.transformers import MultiProcessing

KILLS = 100
LONGEST = 0.02
"""Seconds from an item to the kill; some hundred items are made in them."""


class Killer:
    """Kills a worker some random time after it was armed, once."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.kills = 0
        self.timer = None

    def arm(self, stream):
        self.timer = threading.Timer(self.rng.random() * LONGEST, self.kill, [stream])
        self.timer.start()

    def kill(self, stream):
        pids = [worker["pid"] for worker in stream.statistics()]
        if not pids:
            return  # the one that died is being replaced
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.rng.choice(pids), signal.SIGKILL)
            self.kills += 1


@pytest.mark.slow
@pytest.mark.parametrize(("chain", "workers"), [("scaled", 2), ("running_sums", 1)])
def test_a_hundred_workers_killed_at_random_moments_lose_and_repeat_nothing(chain, workers):
    make = getattr(streams, chain)
    plain = make()
    killer = Killer(seed=workers)
    delivered = 0

    with MultiProcessing(make(), workers=workers) as stream:
        while killer.kills < KILLS:
            expected = [batch[1].tolist() for batch in plain.get_epoch_iterator()]
            found = []
            for batch in stream.get_epoch_iterator():
                found.append(batch[1].tolist())
                delivered += 1
                # every worker has delivered since the last kill, so that no item is given up
                if delivered % (3 * workers) == 0 and (
                    killer.timer is None or not killer.timer.is_alive()
                ):
                    killer.arm(stream)
            assert found == expected
        killer.timer.join()

    assert killer.kills >= KILLS
