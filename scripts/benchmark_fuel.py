"""How fast examples come, beside peers that do the same work in the same run.

    python scripts/benchmark_fuel.py [--only reading a ...] [--check]

Tables of medians over rounds in which all contenders take turns, so that what else the machine does
meets all of them. What is not installed is left out: PyTorch's `DataLoader` (workers that stay, the
examples of a batch by `__getitems__`) and Grain; each as its guide has it, with examples that it
batches, and with whole batches made by hand. Both have the array in memory. One byte of every page
of a batch is read, so that memory that was only promised has to come.
"""

import argparse
import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import fuel_figures as figures
import peers.fuel_push as fuel_push
from fuel.datasets import H5PYDataset
from fuel.schemes import ChunkShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import MultiProcessing
from fuel_race import for_ever, race, show
from fuel_work import (
    WINDOW,
    Batches,
    CropBatches,
    Prebuilt,
    make_a,
    make_b,
    make_text,
    padded,
    shuffled,
    shuffled_indices,
    work_a,
    work_b,
    work_text,
)

AHEAD = 16
"""Batches that workers may make ahead in all."""
CHUNK = 128
POOL_BYTES = 2 << 20
"""For unpacked chunks: a pool of eight, and little of the whole file."""
OURS = "fuel"
COPIES = "copies in memory"
PEERS = {"torch": "fuel_torch", "grain": "fuel_grain"}
PEER_WAYS = ("usual", "by_hand")
Missed = list[str]


def main(arguments: list[str] | None = None) -> int:
    """Run the comparisons and print them; return 1 if asked to check and a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="these sections; default all")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--batches", type=int, default=469, help="of work A in a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--examples", type=int, default=60000, help="of work A's file")
    parser.add_argument("--pictures", type=int, default=10000, help="of work B's file")
    parser.add_argument("--rows", type=int, default=10**9, help="of the largest sparse file")
    parser.add_argument("--epochs", type=int, default=1000, help="to watch memory over")
    parser.add_argument("--no-peers", action="store_true", help="leave other libraries out")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args(arguments)
    missed: Missed = []
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        for name in options.only or SECTIONS:
            missed += SECTIONS[name](options)
    for line in missed:
        print(f"missed: {line}")
    return int(bool(missed) and options.check)


def reading(options: argparse.Namespace) -> Missed:
    """Shuffled batches of bytes from the file, beside NumPy's `take` and h5py's selection."""
    path = _file_a(options)
    take, ours, selection = "NumPy take, in memory", "fuel, from the file", "h5py, sorted selection"
    with ExitStack() as stack:
        stream = stack.enter_context(closing(shuffled(path, options.batch_size)))
        file = stack.enter_context(h5py.File(path))
        rows = len(file["features"])
        contenders = {
            take: _taken(file, rows, options.batch_size),
            ours: for_ever(stream),
            selection: _selected(file, rows, options.batch_size),
        }
        medians = race(contenders, options.rounds, _fewer_for("h5py", options))
    show(f"shuffled batches of {options.batch_size} images", medians, take)
    return [
        *_at_least("reading, beside take", medians[take] / medians[ours], 0.6),
        *_at_least("reading, beside h5py", medians[selection] / medians[ours], 30),
    ]


def packed(options: argparse.Namespace) -> Missed:
    """Batches from a file packed by gzip: shuffled with regard to chunks, beside h5py's global."""
    path = make_a(options.folder / "packed.hdf5", options.examples, CHUNK)
    ours, selection = "fuel, shuffled by chunks", "h5py, shuffled globally"
    with ExitStack() as stack:
        dataset = H5PYDataset(path, ("train",), cache_bytes=POOL_BYTES)
        scheme = ChunkShuffledScheme(
            dataset.num_examples, options.batch_size, chunk_size=CHUNK, chunks_in_pool=8, seed=1
        )
        stream = stack.enter_context(closing(DataStream(dataset, iteration_scheme=scheme)))
        cached = stack.enter_context(closing(shuffled(path, options.batch_size)))
        file = stack.enter_context(h5py.File(path))
        contenders = {
            selection: _selected(file, len(file["features"]), options.batch_size),
            ours: for_ever(stream),
            "fuel, unpacked once into memory, shuffled": for_ever(cached),
        }
        medians = race(contenders, min(options.rounds, 3), _fewer_for("h5py", options, 4))
    show(f"the same from chunks of {CHUNK} rows packed by gzip", medians, selection)
    return _at_least("packed, beside h5py", medians[selection] / medians[ours], 100)


def original(options: argparse.Namespace) -> Missed:
    """Work A by one worker, beside the original; by itself, as its senders are never idle."""
    path = _file_a(options)
    with MultiProcessing(work_a(path, options.batch_size), AHEAD) as made:
        contenders = {
            OURS: for_ever(made),
            **fuel_push.original(path, options.batch_size),
            **fuel_push.by_hand(Batches(path, options.batch_size)),
        }
        medians = race(contenders, options.rounds, lambda _: options.batches)
    show("work A, 1 worker, and the original way", medians, OURS)
    ratio = medians["the original's work and way"] / medians[OURS]
    return _at_least("work A, 1 worker, beside the original", ratio, 10)


def text(options: argparse.Namespace) -> Missed:
    """Ragged texts, shuffled and padded: from a file, through h5py, and from lists in memory."""
    path = make_text(options.folder / "text.hdf5", options.pictures)
    memory, selection, ours = "lists in memory", "h5py, sorted selection", "fuel, from the file"
    with ExitStack() as stack:
        stream = stack.enter_context(closing(work_text(path, options.batch_size)))
        file = stack.enter_context(h5py.File(path))
        texts = list(file["text"][:])
        contenders = {
            memory: _padded_lists(texts, options.batch_size),
            selection: _padded_selection(file["text"], options.batch_size),
            ours: for_ever(stream),
        }
        medians = race(contenders, options.rounds, lambda _: max(options.batches // 6, 1))
    show("ragged texts, padded", medians, memory)
    return []


def work(
    name: str,
    path: Path,
    stream: Callable[[Path, int], Any],
    by_hand: type[Batches],
    options: argparse.Namespace,
    batches: int,
) -> Missed:
    """A work in process, and by one and two workers, beside the peers."""
    missed: Missed = []
    for workers in (0, 1, 2):
        with ExitStack() as stack:
            made = stream(path, options.batch_size)
            if workers:
                made = stack.enter_context(MultiProcessing(made, AHEAD, workers=workers))
            contenders = {OURS: for_ever(made)}
            if not options.no_peers:
                contenders |= _peers(by_hand(path, options.batch_size), workers, PEER_WAYS)
            medians = race(contenders, options.rounds, lambda _: batches)
        title = f"{workers} worker{'s' * (workers > 1)}" if workers else "in process"
        show(f"work {name}, {title}", medians, OURS)
        for peer, value in medians.items():
            ratio = value / medians[OURS]
            if peer != OURS:
                wanted = 10.0 if workers else 1.0 if "by hand" in peer else 3.0
                missed += _at_least(f"work {name}, {title}, beside {peer}", ratio, wanted)
    return missed


def small(options: argparse.Namespace) -> Missed:
    """Small batches that are there already, handed over by a worker: nothing but the hand-over."""
    batches = figures.pool(figures.SMALL)
    prebuilt = Prebuilt(batches)
    peers = {} if options.no_peers else _peers(prebuilt, 1, ["by_hand"])
    with MultiProcessing(figures.handed_over(batches), AHEAD) as stream:
        contenders = {COPIES: figures.copies(batches), OURS: for_ever(stream), **peers}
        medians = race(contenders, options.rounds, lambda _: options.batches)
    show("batches of 0.4 MB that are only handed over, 1 worker", medians, OURS)
    return [
        line
        for peer in peers
        for line in _at_least(f"hand-over, beside {peer}", medians[peer] / medians[OURS], 10)
    ]


def large(options: argparse.Namespace) -> Missed:
    """Large batches through a worker, beside copies in memory."""
    batches = figures.pool(figures.LARGE)
    with MultiProcessing(figures.handed_over(batches), 4) as stream:
        contenders = {COPIES: figures.copies(batches), OURS: for_ever(stream)}
        medians = race(contenders, options.rounds, lambda _: max(options.batches // 4, 1))
    show("batches of 6.3 MB that are only handed over, 1 worker", medians, COPIES)
    return _at_least("hand-over, beside copies", medians[COPIES] / medians[OURS], 0.8)


def single(options: argparse.Namespace) -> Missed:
    """Figures that are no race."""
    a, b = _file_a(options), make_b(options.folder / "b.hdf5", options.pictures)
    size = options.batch_size
    start = figures.first_batch(a, size, 5)
    inside, first = figures.pauses(a, size, 25)
    cpu = figures.consumer_cost(b, size, max(options.batches // 4, 1))
    ahead, written_before = figures.sum_of_batch(b, size, max(options.batches, 10))
    early, late = figures.memory(options.epochs)
    cold, warm = figures.cold_epoch(a, size)
    few, many = 10**4, options.rows
    lengths = [figures.by_length(options.folder / "s.hdf5", n, size, 300) for n in (few, many)]
    written = [figures.least((size, *shape)) for shape in ((28, 28), (3, WINDOW, WINDOW))]
    print(
        f"\nscaling alone: {written[0]:.0f} us for a batch of A, {written[1]:.0f} us for one of B"
    )
    print(f"first batch from a new worker: {start:.2f} s")
    print(f"a batch {inside:.0f} us, the first of an epoch {first:.0f} us")
    print(f"the consumer's CPU for a batch of 6.3 MB: {cpu:.0f} us")
    print(f"to sum a batch of B: {ahead:.0f} us, {written_before:.0f} if written just before")
    epochs = options.epochs
    print(f"memory after {epochs // 10} and {epochs} epochs: {early:.1f}, {late:.1f} MB")
    print(f"an epoch of work A's file when cold {cold:.3f} s, after {warm:.3f} s")
    print(f"a batch out of {few:,} rows {lengths[0]:.0f} us, out of {many:,} {lengths[1]:.0f} us")
    return [
        *_at_most("seconds to the first batch", start, 0.5),
        *_at_most("first batch of an epoch in us", first, 1000),
        *_at_most("consumer's CPU in us", cpu, 100),
        *_at_most("growth of memory in MB", late - early, 2.0),
    ]


def _file_a(options: argparse.Namespace) -> Path:
    path = options.folder / "a.hdf5"
    return path if path.exists() else make_a(path, options.examples)


def _taken(file: h5py.File, rows: int, batch_size: int) -> Iterator[tuple[Any, ...]]:
    memory = [file[source][:rows] for source in ("features", "targets")]
    for indices in shuffled_indices(rows, batch_size):
        yield tuple(array.take(indices, axis=0) for array in memory)


def _selected(file: h5py.File, rows: int, batch_size: int) -> Iterator[tuple[Any, ...]]:
    """Shuffled batches by h5py's selection, which wants sorted indices, for ever."""
    for indices in shuffled_indices(rows, batch_size):
        order = np.argsort(indices)
        back = np.argsort(order)
        yield tuple(file[source][indices[order]][back] for source in ("features", "targets"))


def _padded_lists(texts: list[np.ndarray], batch_size: int) -> Iterator[tuple[Any, ...]]:
    for indices in shuffled_indices(len(texts), batch_size):
        yield padded([texts[index] for index in indices])


def _padded_selection(texts: h5py.Dataset, batch_size: int) -> Iterator[tuple[Any, ...]]:
    for indices in shuffled_indices(len(texts), batch_size):
        order = np.argsort(indices)
        yield padded(list(texts[indices[order]][np.argsort(order)]))


def _peers(batches: Any, workers: int, ways: Sequence[str]) -> dict[str, Iterator[Any]]:
    found: dict[str, Iterator[Any]] = {}
    for library, module in PEERS.items():
        if importlib.util.find_spec(library) is None:
            print(f"{library} is not installed and left out")
        else:
            peer = importlib.import_module(f"peers.{module}")
            for way in ways:
                found.update(getattr(peer, way)(batches, workers, AHEAD))
    return found


def _fewer_for(
    slow: str, options: argparse.Namespace, batches: int | None = None
) -> Callable[[str], int]:
    """All batches for most; a few for one that is slow enough for a few to tell."""
    few = batches or max(2, options.batches // 10)
    return lambda name: few if slow in name else options.batches


def _at_least(what: str, ratio: float, wanted: float) -> Missed:
    return [] if ratio >= wanted else [f"{what}: {ratio:.2f} times as fast; wanted {wanted:g}"]


def _at_most(what: str, value: float, wanted: float) -> Missed:
    return [] if value <= wanted else [f"{what}: {value:.2f}; wanted at most {wanted:g}"]


SECTIONS: dict[str, Callable[[argparse.Namespace], Missed]] = {
    "reading": reading,
    "packed": packed,
    "a": lambda options: work("A", _file_a(options), work_a, Batches, options, options.batches),
    "b": lambda options: work(
        "B",
        make_b(options.folder / "b.hdf5", options.pictures),
        work_b,
        CropBatches,
        options,
        max(options.batches // 8, 1),
    ),
    "original": original,
    "text": text,
    "small": small,
    "large": large,
    "single": single,
}

if __name__ == "__main__":
    sys.exit(main())
