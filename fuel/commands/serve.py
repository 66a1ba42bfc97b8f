"""`fuel-serve`: serve an HDF5 file of data to other processes, on this machine or others."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import closing

from fuel.commands._arguments import add_completion, command_parser, find_file
from fuel.commands._command import DONE, run
from fuel.commands._description import opened
from fuel.config_parser import config
from fuel.data_path import find_in_data_path
from fuel.datasets import H5PYDataset
from fuel.schemes import (
    IterationScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from fuel.server import make_keys, start_server
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers import MultiProcessing

__all__ = ["main"]

logger = logging.getLogger(__name__)

TRAIN = "train"
EPILOG = """\
A program gets the data by `ServerDataStream()`, from fuel.streams; what it was given is known
exactly, so it can end, or this server can, and go on where it was. ^C ends the server.

    fuel-serve mnist                              batches of 128 of the split train, in order
    fuel-serve mnist --shuffle --batch-size 32 --workers 2
    fuel-serve data/mine.hdf5 --which-sets train valid --port 6000

For other machines, make keys, bring the folder keys/client-NAME to the client in a safe way, and
there pass keys= to ServerDataStream:

    fuel-serve --make-keys keys --client laptop
    fuel-serve mnist --host '*' --keys keys/server
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own if None; give its exit status.

    The status is 0 when the server was ended by ^C or SIGTERM, or the keys were made; 1 if it
    cannot listen; 2 for wrong arguments or a file that is not there, damaged or not one of ours.
    """
    return run("fuel-serve", lambda: _serve(sys.argv[1:] if args is None else args))


def _serve(args: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(args)
    if options.make_keys is not None:
        if options.dataset is not None:
            parser.error("--make-keys makes keys and ends, so it takes no DATASET")
        for folder in make_keys(options.make_keys, options.client or ["client"]):
            logger.info("made %s", folder)
        return DONE
    if options.client:
        parser.error("--client goes with --make-keys")
    if options.dataset is None:
        parser.error("name a DATASET to serve, or a folder with --make-keys")
    if options.seed is not None and not options.shuffle:
        parser.error("--seed goes with --shuffle")
    with closing(_stream(options)) as stream:
        start_server(
            stream,
            options.port,
            options.hwm,
            host=options.host,
            max_bytes=options.max_bytes,
            max_clients=options.max_clients,
            keys=options.keys,
            push_port=options.push_port,
        )
    return DONE


def _stream(options: argparse.Namespace) -> AbstractDataStream:
    path = find_file(options.dataset, find_in_data_path)
    dataset = H5PYDataset(
        path,
        _splits(path, options.which_sets),
        load_in_memory=options.load_in_memory,
        sources=options.sources,
    )
    stream: AbstractDataStream
    stream = DataStream(dataset, iteration_scheme=_scheme(options, dataset.num_examples))
    return MultiProcessing(stream, workers=options.workers) if options.workers else stream


def _splits(path: str, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Those that are wanted; by default the split `train`, or the only one."""
    with opened(path) as h5file:
        splits = sorted(H5PYDataset.get_all_splits(h5file))
    if wanted is not None:
        return tuple(wanted)
    if TRAIN in splits:
        return (TRAIN,)
    if len(splits) == 1:
        return (splits[0],)
    raise ValueError(f"{path} has the splits {', '.join(splits)}; choose with --which-sets")


def _scheme(options: argparse.Namespace, examples: int) -> IterationScheme:
    if not options.shuffle:
        if options.examples:
            return SequentialExampleScheme(examples)
        return SequentialScheme(examples, options.batch_size)
    seed = config.default_seed if options.seed is None else options.seed
    if options.examples:
        return ShuffledExampleScheme(examples, seed=seed)
    return ShuffledScheme(examples, options.batch_size, seed=seed)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "fuel-serve",
        "Serve the examples or batches of an HDF5 file to other processes, as they are stored.",
        EPILOG,
    )
    parser.add_argument(
        "dataset",
        nargs="?",
        metavar="DATASET",
        help="a path; or the name alone of a file in the data path, as mnist or mnist.hdf5",
    )
    _add_data_options(parser.add_argument_group("what to serve"))
    _add_server_options(parser.add_argument_group("how to serve"))
    keys = parser.add_argument_group("keys")
    keys.add_argument("--keys", metavar="FOLDER", help="the server's keys: serve clients they know")
    keys.add_argument(
        "--make-keys", metavar="FOLDER", help="make keys of a server and of clients there, and end"
    )
    keys.add_argument(
        "--client",
        action="append",
        metavar="NAME",
        help="with --make-keys: name of a client (again for more; default: client); new ones may "
        "be added to a server that has keys, also while it runs",
    )
    add_completion(parser)
    return parser


def _add_data_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--which-sets",
        nargs="+",
        metavar="SPLIT",
        help="splits to serve (default: train, or the only one)",
    )
    group.add_argument(
        "--sources", nargs="+", metavar="SOURCE", help="sources to serve (default: all)"
    )
    kinds = group.add_mutually_exclusive_group()
    kinds.add_argument(
        "--batch-size", type=_count, default=128, help="examples in a batch (default: 128)"
    )
    kinds.add_argument("--examples", action="store_true", help="serve single examples, not batches")
    group.add_argument("--shuffle", action="store_true", help="in a new order each epoch")
    group.add_argument(
        "--seed", type=int, help="that the orders depend on (default: the setting default_seed)"
    )
    group.add_argument(
        "--load-in-memory", action="store_true", help="read the file once, and serve from memory"
    )
    group.add_argument(
        "--workers",
        type=_whole,
        default=0,
        help="processes that read for each client (default: 0, the server reads)",
    )


def _add_server_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--port", type=int, default=5557, help="(default: 5557; 0 takes a free one)")
    group.add_argument(
        "--host",
        default="localhost",
        help="interface to listen on (default: localhost, which only this machine reaches; others "
        "need --keys), * for all, or ipc:// and a path",
    )
    group.add_argument(
        "--hwm", type=_count, default=10, help="items made ahead for each client (default: 10)"
    )
    group.add_argument(
        "--max-bytes",
        type=_count,
        default=256 * 2**20,
        help="make no more ahead for a client while so many bytes are under way (default: 256 MiB)",
    )
    group.add_argument(
        "--max-clients", type=_count, default=64, help="refuse more at a time (default: 64)"
    )
    group.add_argument(
        "--push-port", type=int, help="serve programs that use Fuel's own old client here as well"
    )


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} must be 0 or more")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} must be 1 or more")
    return number
