"""Train a rectifier MLP on MNIST, stop when validation no longer improves, report the test error.

    fuel-download mnist && fuel-convert mnist
    python scripts/train_mnist.py

The network is an inference graph; dropout and weight decay are put on it by queries. Batches come
from the HDF5 file through a worker process. ^C stops after the running batch, a second ^C at once;
`--resume` goes on with the very bits, after any kind of end.
"""

import argparse
import sys
from pathlib import Path

from bricks.cost import CategoricalCrossEntropy, MisclassificationRate
from bricks.graph import ComputationGraph, apply_dropout, apply_l2
from fuel.datasets import MNIST
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Flatten, MultiProcessing
from mainloop import MainLoop
from mainloop.algorithms import Adam, GradientDescent
from mainloop.extensions import (
    Checkpoint,
    DataStreamMonitoring,
    FinishAfter,
    FinishIfNoImprovementAfter,
    Load,
    Printing,
    ProgressBar,
    RestoreTheBest,
    Timing,
    TrackTheBest,
    TrainingDataMonitoring,
)
from mainloop.log import SQLiteLog
from mnist_model import digit_classifier

QUANTITIES = ["cost", "error_rate"]
TRACKED = "valid_error_rate"
IMPROVED = f"{TRACKED}_best_so_far"


def main(arguments: list[str] | None = None) -> int:
    """Train, and print one closing line. Interrupted, the script ends with status 130."""
    options = parse(arguments)
    train, valid, test = streams(options)
    inference, training = graphs(options, valid.peek())
    best = RestoreTheBest(IMPROVED)
    extensions = [
        TrainingDataMonitoring(QUANTITIES, prefix="train", after_epoch=True),
        DataStreamMonitoring(inference, valid, prefix="valid", after_epoch=True),
        TrackTheBest(TRACKED),
        FinishIfNoImprovementAfter(IMPROVED, epochs=options.patience),
        FinishAfter(after_n_epochs=options.epochs),
        best,
        DataStreamMonitoring(
            inference,
            test,
            prefix="test",
            before_first_epoch=False,
            after_epoch=False,
            after_training=True,
        ),
        Timing(),
        ProgressBar(),
        Printing(after_epoch=True),
        Checkpoint(options.run / "checkpoint.h5"),
    ]
    if options.resume:
        extensions.insert(0, Load(options.run / "checkpoint.h5"))
    algorithm = GradientDescent(training, step_rule=Adam(options.learning_rate), seed=options.seed)
    log = SQLiteLog(options.run / "log.sqlite")
    with train:
        MainLoop(algorithm, train, extensions, log=log).run()
    last = log.current_row
    print(
        f"test error: {100 * last['test_error_rate']:.2f} % "
        f"(best epoch {best.epoch}, stopped because {last['training_finish_requested']})"
    )
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; a run is never begun on top of another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("runs/mnist"), help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on from its checkpoint")
    parser.add_argument("--epochs", type=int, default=100, help="at most")
    parser.add_argument("--patience", type=int, default=10, help="epochs without improvement")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.5, help="of the hidden units")
    parser.add_argument("--l2", type=float, default=1e-5, help="penalty on the weights")
    parser.add_argument("--workers", type=int, default=1, help="processes that make batches")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--examples",
        type=int,
        default=60_000,
        help="of the training file; the last sixth validates",
    )
    options = parser.parse_args(arguments)
    checkpoint = options.run / "checkpoint.h5"
    if options.resume and not checkpoint.exists():
        parser.error(f"there is no {checkpoint} to go on from; leave --resume out")
    if not options.resume and checkpoint.exists():
        parser.error(
            f"{options.run} holds a run; --resume goes on with it, --run names another folder"
        )
    options.run.mkdir(parents=True, exist_ok=True)
    return options


def streams(options: argparse.Namespace) -> tuple[MultiProcessing, Flatten, Flatten]:
    """Training batches from a worker, shuffled; validation and test batches in order."""
    split = options.examples * 5 // 6

    def stream(dataset, scheme):
        return Flatten(
            DataStream.default_stream(dataset, iteration_scheme=scheme), which_sources=("features",)
        )

    training = MNIST(("train",), subset=slice(0, split), load_in_memory=False)
    validation = MNIST(("train",), subset=slice(split, options.examples))
    test = MNIST(("test",))
    shuffled = ShuffledScheme(training.num_examples, options.batch_size, seed=options.seed)
    return (
        MultiProcessing(stream(training, shuffled), workers=options.workers),
        stream(validation, SequentialScheme(validation.num_examples, 1000)),
        stream(test, SequentialScheme(test.num_examples, 1000)),
    )


def graphs(options: argparse.Namespace, batch) -> tuple[ComputationGraph, ComputationGraph]:
    """The network as it will be used, and as it is trained; they share their parameters."""
    mlp = digit_classifier()

    def cost(features, targets):
        logits = mlp.apply(features)
        return {
            "cost": CategoricalCrossEntropy().apply(targets, logits),
            "error_rate": MisclassificationRate().apply(targets, logits),
        }

    inference = ComputationGraph(cost, batch)
    mlp.initialize(seed=options.seed)
    hidden = inference.select("MLP > Rectifier:output")
    training = apply_dropout(inference, hidden, options.dropout)
    return inference, apply_l2(training, inference.select("Linear .WEIGHT"), options.l2)


if __name__ == "__main__":
    sys.exit(main())
