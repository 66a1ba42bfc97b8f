import gc
import logging
import mmap
from pathlib import Path

import jax
import numpy as np
import pytest
import streams_for_workers as streams

from fuel.transformers import MultiProcessing

EXAMPLES, BATCH_SIZE = 640, 16


def stream(**kwargs):
    return MultiProcessing(
        streams.ScaleAndShift(
            streams.root(EXAMPLES, BATCH_SIZE, shuffled=False), 1.0, 0, dtype="float32"
        ),
        **kwargs,
    )


def expected(targets):
    return streams.features(EXAMPLES)[np.asarray(targets, int)].astype(np.float32)


def test_jax_arrays_made_from_items_keep_their_values_while_the_stream_goes_on():
    # JAX's CPU backend uses the memory of an aligned array in place; a transport that took its
    # memory back at the next item would change the arrays already on the device.
    with stream(max_store=2) as running:
        on_device = [
            (jax.device_put(images), np.array(targets))
            for images, targets in running.get_epoch_iterator()
        ]

    for images, targets in on_device:
        np.testing.assert_array_equal(images, expected(targets))


def test_jax_arrays_share_the_memory_of_an_item():
    with stream() as running:
        images, _ = next(running.get_epoch_iterator())
        on_device = jax.device_put(images)

        assert on_device.unsafe_buffer_pointer() == images.ctypes.data


def test_a_view_of_an_item_keeps_its_values_after_the_item_has_died():
    with stream(max_store=2) as running:
        views = []
        for images, targets in running.get_epoch_iterator():
            views.append((images[3:, :, 1].T, np.array(targets)))
            del images
        gc.collect()

    for view, targets in views:
        np.testing.assert_array_equal(view, expected(targets)[3:, :, 1].T)


def test_holding_all_items_neither_stops_nor_changes_them_and_is_said_once(caplog):
    with caplog.at_level(logging.WARNING, logger="fuel"), stream(leases=2) as running:
        items = [item for _ in range(2) for item in running.get_epoch_iterator()]

    assert len(items) == 2 * EXAMPLES // BATCH_SIZE
    for images, targets in items:
        np.testing.assert_array_equal(images, expected(targets))
    assert len([record for record in caplog.records if "leases=2" in record.message]) == 1


def test_items_outlive_the_stream():
    running = stream()
    images, targets = next(running.get_epoch_iterator())
    running.close()
    del running
    gc.collect()

    images += 1
    np.testing.assert_array_equal(images, expected(targets) + 1)


def test_memory_comes_back_when_items_die():
    with stream(max_store=1, leases=1) as running:
        addresses = {
            images.ctypes.data for _ in range(3) for images, _ in running.get_epoch_iterator()
        }

    assert len(addresses) <= 2 + 2  # two slots, and the copies while the last item was still held


def test_items_can_be_written_to():
    with stream() as running:
        epoch = running.get_epoch_iterator()
        images, _ = next(epoch)
        images[:] = -1
        del images
        for images, targets in epoch:
            np.testing.assert_array_equal(images, expected(targets))


def shared_bytes(pid):
    """Bytes of nameless shared memory that a process has mapped, without control pages."""
    sizes = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        addresses, mode, *_, name = line.split(maxsplit=5)
        if "memfd:fuel" in name and mode.startswith("rw-s"):
            start, end = (int(part, 16) for part in addresses.split("-"))
            sizes.append(end - start)
    return sum(size for size in sizes if size > mmap.PAGESIZE)


def test_the_memory_that_workers_share_is_known_before_they_start_and_stays():
    with stream(max_store=4, workers=2) as running:
        said = running.memory()
        assert running.statistics() == []
        used = []
        for _ in range(3):
            for _ in running.get_epoch_iterator():
                pass
            used.append(sum(shared_bytes(worker["pid"]) for worker in running.statistics()))

    assert used[0] == used[1] == used[2]
    assert abs(used[0] - said) <= 0.1 * said


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_to_ask_for_the_memory_amid_an_epoch_loses_nothing(workers):
    with stream(workers=workers) as running:
        epoch = running.get_epoch_iterator()
        firsts = [next(epoch)[1][0]]
        before = running.memory()
        firsts += [targets[0] for _, targets in epoch]

        assert running.memory() == before
    assert firsts == list(range(0, EXAMPLES, BATCH_SIZE))
