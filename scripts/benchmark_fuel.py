"""How fast examples come: shuffled batches from a file, and scaled ones through a worker process.

    python scripts/benchmark_fuel.py [mnist.hdf5]

Two tables, each of medians over rounds in which all contenders take turns, so that what else the
machine does meets all of them:

1. shuffled batches of bytes from the file, beside NumPy's `take` on the array in memory and beside
   h5py's own selection of sorted indices;
2. the same scaled to 32-bit floats, in process and through one worker process, beside PyTorch's
   `DataLoader` (whole batches by `__getitems__`) and Grain with one worker process each, if they
   are installed. Both have the array in memory. Grain is there twice: with examples that it
   shuffles, scales and batches, and with a source that makes whole shuffled batches by hand.

One byte of every page of a batch is read, so that memory that was only promised has to come.
"""

import argparse
import importlib
import importlib.util
import itertools
import mmap
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuel.datasets import H5PYDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import MultiProcessing, ScaleAndShift

SCALE = 1 / 255
OUR_DISK = "fuel, from the file"
TAKE = "NumPy take, in memory"
OUR_WORKER = "fuel, one worker"
TORCH = "PyTorch DataLoader, one worker"
GRAIN = "Grain, one worker"
MOST_OF_TAKE = 2.0
LEAST_OF_PEERS = 10.0
AHEAD = 16
"""Batches that every worker may make ahead."""
SETTLE = 0.2
"""Seconds before each turn, in which the workers of the turns before fill what they make ahead;
otherwise they would take a core from whoever comes after them."""


def main(arguments: list[str] | None = None) -> int:
    """Run both comparisons and print them; return 1 if asked to check and a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", help="HDF5 file with a split 'train'; default: made up")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--batches", type=int, default=469, help="batches in a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--examples", type=int, default=60000, help="of the file that is made up")
    parser.add_argument("--no-peers", action="store_true", help="leave PyTorch and Grain out")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or make_file(Path(folder, "digits.hdf5"), options.examples)
        disk = read_benchmark(path, options)
        worker = worker_benchmark(path, options)
    missed = [*missed_by_reading(disk), *missed_by_workers(worker)]
    for line in missed:
        print(f"missed: {line}")
    return int(bool(missed) and options.check)


def make_file(path: Path, examples: int) -> Path:
    """Write a file shaped like MNIST: bytes `(examples, 28, 28)` and one label each."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["features"] = rng.integers(0, 256, (examples, 28, 28), dtype=np.uint8)
        file["targets"] = rng.integers(0, 10, (examples, 1), dtype=np.uint8)
        rows = {"features": (0, examples), "targets": (0, examples)}
        file.attrs["split"] = H5PYDataset.create_split_array({"train": rows})
    return path


def read_benchmark(path: Path, options: argparse.Namespace) -> dict[str, float]:
    """Microseconds a batch for each way of reading shuffled bytes."""
    with ExitStack() as stack:
        stream = stack.enter_context(closing(shuffled(path, options.batch_size)))
        file = stack.enter_context(h5py.File(path))
        sources = list(stream.sources)
        rows = stream.dataset.num_examples
        memory = [file[source][:rows] for source in sources]
        contenders = {
            TAKE: taken(memory, rows, options.batch_size),
            OUR_DISK: itertools.chain.from_iterable(stream.iterate_epochs()),
            "h5py, sorted selection": selected(
                [file[source] for source in sources], rows, options.batch_size
            ),
        }
        # h5py's selection is slow enough for a tenth of the batches to tell.
        few = max(2, options.batches // 10)
        medians = race(
            contenders, options.rounds, lambda name: (options.batches, few)["h5" in name]
        )
    show(f"shuffled batches of {options.batch_size} from {Path(path).name}", medians, TAKE)
    return medians


def worker_benchmark(path: Path, options: argparse.Namespace) -> dict[str, float]:
    """Microseconds a batch for each way of having scaled batches made."""
    size = options.batch_size
    with ExitStack() as stack:
        here = stack.enter_context(closing(scaled(path, size)))
        worker = stack.enter_context(MultiProcessing(scaled(path, size), max_store=AHEAD))
        contenders = {
            "fuel, in process": itertools.chain.from_iterable(here.iterate_epochs()),
            OUR_WORKER: itertools.chain.from_iterable(worker.iterate_epochs()),
        }
        if not options.no_peers:
            with h5py.File(path) as file:
                rows = here.data_stream.dataset.num_examples
                memory = [file[source][:rows] for source in here.sources]
            contenders |= peers(ScaledBatches(memory, here.sources.index("features"), size))
        medians = race(contenders, options.rounds, lambda _: options.batches)
    show("the same, scaled to float32", medians, OUR_WORKER)
    return medians


def shuffled(path: Path, batch_size: int) -> DataStream:
    """Shuffled batches of the training set."""
    dataset = H5PYDataset(path, ("train",))
    scheme = ShuffledScheme(int(dataset.num_examples), batch_size, seed=1)
    return DataStream(dataset, iteration_scheme=scheme)


def scaled(path: Path, batch_size: int) -> ScaleAndShift:
    """Shuffled batches with features from 0 to 1."""
    stream = shuffled(path, batch_size)
    return ScaleAndShift(stream, SCALE, 0, which_sources=("features",), dtype="float32")


def taken(memory: list[np.ndarray], rows: int, batch_size: int) -> Iterator[tuple[Any, ...]]:
    """Shuffled batches of arrays in memory, for ever."""
    for indices in shuffled_indices(rows, batch_size):
        yield tuple(array.take(indices, axis=0) for array in memory)


def selected(sources: list[Any], rows: int, batch_size: int) -> Iterator[tuple[Any, ...]]:
    """Shuffled batches by h5py's selection, which wants sorted indices, for ever."""
    for indices in shuffled_indices(rows, batch_size):
        order = np.argsort(indices)
        back = np.argsort(order)
        yield tuple(source[indices[order]][back] for source in sources)


def shuffled_indices(rows: int, batch_size: int) -> Iterator[np.ndarray]:
    """Batches of indices, in a new order each epoch, for ever."""
    rng = np.random.default_rng(1)
    while True:
        order = rng.permutation(rows)
        yield from np.split(order, range(batch_size, rows, batch_size))


class ScaledBatches:
    """What the peers' workers run: whole batches, scaled, of arrays in memory.

    Args:
        memory: an array for each source.
        features: which of them to scale.
        batch_size: examples in a batch.
    """

    def __init__(self, memory: list[np.ndarray], features: int, batch_size: int) -> None:
        self.memory = memory
        self.features = features
        self.batch_size = batch_size
        self.order = np.random.default_rng(1).permutation(len(memory[0]))

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        start = number * self.batch_size
        return self.batch(self.order[start : start + self.batch_size])

    def __getitems__(self, indices: list[int]) -> tuple[Any, ...]:
        torch = importlib.import_module("torch")
        return tuple(map(torch.from_numpy, self.batch(np.asarray(indices))))

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """The examples of some indices, features from 0 to 1."""
        parts = [array.take(indices, axis=0) for array in self.memory]
        parts[self.features] = np.multiply(parts[self.features], SCALE, dtype=np.float32)
        return tuple(parts)


def peers(batches: ScaledBatches) -> dict[str, Iterator[Any]]:
    """The installed peers, each with one worker process."""
    makers = {"torch": torch_loader, "grain": grain_loader}
    found = {}
    for name, make in makers.items():
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed and left out: pip install {name}")
        else:
            found.update(make(batches))
    return found


def torch_loader(batches: ScaledBatches) -> dict[str, Iterator[Any]]:
    """PyTorch's loader with one worker that stays, which fetches whole batches."""
    data = importlib.import_module("torch.utils.data")
    loader = data.DataLoader(
        batches,
        batch_sampler=ForEver(len(batches.order), batches.batch_size),
        num_workers=1,
        persistent_workers=True,
        prefetch_factor=AHEAD,
        collate_fn=unchanged,
    )
    return {TORCH: iter(loader)}


class ForEver:
    """Batches of indices without end, as PyTorch's loader wants them."""

    def __init__(self, rows: int, batch_size: int) -> None:
        self.rows = rows
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[list[int]]:
        return (indices.tolist() for indices in shuffled_indices(self.rows, self.batch_size))


def unchanged(batch: Any) -> Any:
    """The batch as `__getitems__` made it."""
    return batch


class Examples:
    """One example after another of arrays in memory, as Grain's sources are written."""

    def __init__(self, memory: list[np.ndarray], features: int) -> None:
        self.memory = memory
        self.features = features

    def __len__(self) -> int:
        return len(self.memory[0])

    def __getitem__(self, row: int) -> tuple[np.ndarray, ...]:
        return tuple(array[row] for array in self.memory)

    def scale(self, example: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """The example with features from 0 to 1."""
        parts = list(example)
        parts[self.features] = np.multiply(parts[self.features], SCALE, dtype=np.float32)
        return tuple(parts)


def grain_loader(batches: ScaledBatches) -> dict[str, Iterator[Any]]:
    """Grain with one worker process: as its guide has it, and with batches made by hand."""
    if importlib.util.find_spec("absl") is not None:
        flags = importlib.import_module("absl.flags").FLAGS
        if not flags.is_parsed():
            flags(["benchmark_fuel"])  # Grain's workers want them parsed
    grain = importlib.import_module("grain")
    examples = Examples(batches.memory, batches.features)
    usual = grain.MapDataset.source(examples).seed(1).shuffle().repeat().map(examples.scale)
    datasets = {
        GRAIN: usual.batch(batches.batch_size),
        "Grain, one worker, batches by hand": grain.MapDataset.source(batches).repeat(),
    }
    reading = grain.ReadOptions(num_threads=1, prefetch_buffer_size=AHEAD)
    workers = grain.MultiprocessingOptions(num_workers=1, per_worker_buffer_size=AHEAD)
    return {
        name: iter(dataset.to_iter_dataset(reading).mp_prefetch(workers))
        for name, dataset in datasets.items()
    }


def race(
    contenders: dict[str, Iterator[Any]], rounds: int, batches: Callable[[str], int]
) -> dict[str, float]:
    """Median microseconds a batch for each contender, over rounds in which they take turns.

    All workers begin a turn with their few batches ahead already made.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, stream in contenders.items():
            count = batches(name)
            time.sleep(SETTLE)
            begin = time.perf_counter()
            for batch in itertools.islice(stream, count):
                for array in batch:
                    touch(array)
            if number:  # the first round starts workers and fills caches
                times[name].append((time.perf_counter() - begin) / count * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def touch(array: Any) -> None:
    """Read something of every page of memory."""
    flat = np.asarray(array).reshape(-1)
    flat[:: max(1, mmap.PAGESIZE // flat.itemsize)].max()


def show(title: str, medians: dict[str, float], reference: str) -> None:
    """Print a table."""
    print(f"\n{title}\n{'':34}{'us/batch':>10}{'batches/s':>12}{'ratio':>8}")
    for name, value in medians.items():
        print(f"{name:34}{value:10.1f}{1e6 / value:12,.0f}{value / medians[reference]:8.2f}")


def missed_by_reading(medians: dict[str, float]) -> list[str]:
    """What the first table fails to show."""
    ratio = medians[OUR_DISK] / medians[TAKE]
    if ratio <= MOST_OF_TAKE:
        return []
    return [f"reading takes {ratio:.2f} times as long as take; at most {MOST_OF_TAKE:g} is wanted"]


def missed_by_workers(medians: dict[str, float]) -> list[str]:
    """What the second table fails to show."""
    return [
        f"{name} takes {value / medians[OUR_WORKER]:.1f} times as long as one worker; at least "
        f"{LEAST_OF_PEERS:g} is wanted"
        for name, value in medians.items()
        if not name.startswith("fuel") and value < LEAST_OF_PEERS * medians[OUR_WORKER]
    ]


if __name__ == "__main__":
    sys.exit(main())
