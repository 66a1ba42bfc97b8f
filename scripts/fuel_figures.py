"""Figures that are no race: transport, the first batch, memory, pauses, and large data."""

import itertools
import os
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from fuel.datasets import H5PYDataset, IndexableDataset
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import MultiProcessing
from fuel_race import for_ever, touch
from fuel_work import SCALE, shuffled, work_a, work_b

SMALL, LARGE = (64, 128, 28, 28), (12, 128, 3, 64, 64)
"""Shapes of pools of batches of 32-bit floats: 64 batches of 0.4 MB, and 12 of 6.3 MB."""


def pool(shape: tuple[int, ...]) -> np.ndarray:
    """Different batches."""
    return np.random.default_rng(0).random(shape, np.float32)


def copies(batches: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Batches copied into a ring of four, in this process: what memory allows."""
    ring = np.zeros_like(batches[:4])
    for number in itertools.count():
        np.copyto(ring[number % 4], batches[number % len(batches)])
        yield (ring[number % 4],)


def handed_over(batches: np.ndarray) -> DataStream:
    """Batches that cost next to nothing to make: each is copied out of memory once."""
    rows = batches.reshape(-1, *batches.shape[2:])
    scheme = SequentialScheme(len(rows), batches.shape[1])
    return DataStream(IndexableDataset({"features": rows}), iteration_scheme=scheme)


def least(shape: tuple[int, ...], tries: int = 200) -> float:
    """Microseconds to scale bytes of a batch into 32-bit floats, and nothing else.

    Nobody who computes in NumPy makes a batch in less, however it is read and handed over.
    """
    data = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    outs = [np.zeros(shape, np.float32) for _ in range(4)]
    times = []
    for number in range(tries):
        begin = time.perf_counter()
        np.multiply(data, SCALE, out=outs[number % 4], dtype=np.float32, casting="unsafe")
        times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def consumer_cost(path: Path, batch_size: int, batches: int) -> float:
    """Microseconds of this process's CPU for a batch of work B that a worker makes.

    Waiting is not work: the consumer sleeps while there is nothing.
    """
    with MultiProcessing(work_b(path, batch_size), 4, workers=1) as stream:
        source = for_ever(stream)
        for _ in itertools.islice(source, 20):
            pass
        begin = _cpu()
        for _ in itertools.islice(source, batches):
            pass
        return (_cpu() - begin) / batches * 1e6


def sum_of_batch(path: Path, batch_size: int, batches: int) -> tuple[float, float]:
    """Median microseconds to sum a batch of work B in a program that takes 0.3 ms besides.

    Returns:
        Of batches from a worker that may be 16 ahead, and of an array that was written just before.
    """
    from_worker, just_written = [], []
    with MultiProcessing(work_b(path, batch_size), 16, workers=1) as stream:
        for images, _ in itertools.islice(for_ever(stream), batches):
            begin = time.perf_counter()
            images.sum()
            end = time.perf_counter()
            from_worker.append((end - begin) * 1e6)
            while time.perf_counter() < end + 3e-4:
                pass
        written = images.copy()
    for _ in range(batches // 10):
        np.multiply(written, 1, out=written)
        begin = time.perf_counter()
        written.sum()
        just_written.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(from_worker), statistics.median(just_written)


def first_batch(path: Path, batch_size: int, tries: int) -> float:
    """Seconds from making a stream with one worker to its first batch; the median of some tries."""
    times = []
    for _ in range(tries):
        begin = time.perf_counter()
        with MultiProcessing(work_a(path, batch_size), workers=1) as stream:
            touch(next(stream.get_epoch_iterator())[0])
            times.append(time.perf_counter() - begin)
    return statistics.median(times)


def pauses(path: Path, batch_size: int, epochs: int) -> tuple[float, float]:
    """Microseconds of a batch, the mean of all, and of the first of an epoch, by one worker."""
    inside, first = [], []
    with MultiProcessing(work_a(path, batch_size), 16, workers=1) as stream:
        for number in range(epochs + 1):
            begin = time.perf_counter()
            for step, batch in enumerate(stream.get_epoch_iterator()):
                touch(batch[0])
                now = time.perf_counter()
                if number:
                    inside.append((now - begin) * 1e6)
                    first += inside[-1:] if step == 0 else []
                begin = now
    return statistics.mean(inside), statistics.median(first)


def memory(epochs: int) -> tuple[float, float]:
    """Megabytes of this process after a tenth of the epochs, and after all, of a small data set."""
    data = {"x": np.zeros((256, 100), np.uint8)}
    with MultiProcessing(
        DataStream(IndexableDataset(data), iteration_scheme=ShuffledScheme(256, 64, seed=1))
    ) as stream:
        early = 0.0
        for number in range(epochs):
            for batch in stream.get_epoch_iterator():
                touch(batch[0])
            if number == epochs // 10:
                early = _resident()
        return early, _resident()


def sparse(path: Path, rows: int) -> Path:
    """A file of `rows` rows of one byte of which nothing is written, so that it takes no room."""
    with h5py.File(path, "w") as file:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.CONTIGUOUS)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((rows, 1))
        h5py.h5d.create(file.id, b"features", h5py.h5t.STD_U8LE, space, layout)
        table = H5PYDataset.create_split_array({"train": {"features": (0, rows)}})
        file.attrs["split"] = table
    return path


def by_length(path: Path, rows: int, batch_size: int, batches: int) -> float:
    """Microseconds for a shuffled batch out of `rows` rows, with the file in the page cache."""
    sparse(path, rows)
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass
    source = for_ever(shuffled(path, batch_size))
    for _ in itertools.islice(source, batches):
        pass
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        for batch in itertools.islice(source, batches):
            touch(batch[0])
        times.append((time.perf_counter() - begin) / batches * 1e6)
    path.unlink()
    return statistics.median(times)


def cold_epoch(path: Path, batch_size: int) -> tuple[float, float]:
    """Seconds for a first epoch with the file out of the system's memory, and for the second."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    stream = shuffled(path, batch_size)
    times = []
    for _ in range(2):
        begin = time.perf_counter()
        for batch in stream.get_epoch_iterator():
            touch(batch[0])
        times.append(time.perf_counter() - begin)
    stream.close()
    return times[0], times[1]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
