"""One training step of an annotated network beside the same step written by hand.

    python scripts/benchmark_step.py [--rounds 15] [--steps 100] [--starts 5]

For three networks (784-100-10 in batches of 128, and two tiny ones where only overhead counts) it

- compares the optimized programs, instruction by instruction;
- times the steps in interleaved rounds and prints the median of the rounds' ratios;
- times the first step in a fresh process, from the first import to the result.

Flax NNX, Equinox and Lightning stand beside them where they are installed.
"""

import argparse
import importlib
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import step_hand
import step_ours
from step_networks import NETWORKS, Network

HERE = Path(__file__).parent
PEERS = (
    ("Flax NNX", "flax", "peers.step_nnx"),
    ("Equinox", "equinox", "peers.step_equinox"),
    ("Lightning", "lightning", "peers.step_lightning"),
)
START = """
import time; begin = time.perf_counter()
import sys; sys.path.insert(0, {here!r})
from step_{which} import first_step
first_step()
print(time.perf_counter() - begin)
"""


def main(arguments: list[str] | None = None) -> int:
    """Print the three comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds")
    parser.add_argument("--steps", type=int, default=100, help="steps in a round")
    parser.add_argument("--starts", type=int, default=5, help="fresh processes for the first step")
    options = parser.parse_args(arguments)

    console = Console()
    for network in NETWORKS:
        same = same_program(network)
        console.print(
            f"[b]{network.name}[/b]: optimized instructions {'identical' if same else 'DIFFER'}"
        )
        console.print(step_table(network, options.rounds, options.steps))
    if options.starts:
        console.print(start_table(options.starts))
    return 0


def step_table(network: Network, rounds: int, steps: int) -> Table:
    """Microseconds a step and its ratio to the hand-written step, round by round."""
    contenders = {
        "by hand": timer(step_hand.make_step(network)),
        "bricks + mainloop": timer(step_ours.make_step(network)),
        **peers(network),
    }
    batch = network.batch(seed=0)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for seconds_a_step in contenders.values():
        seconds_a_step(batch, 3)
    for number in range(rounds):
        names = list(contenders)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            times[name].append(contenders[name](batch, steps))
    table = Table("step", "median µs", "ratio: median", "lowest", "highest")
    hand = np.array(times["by hand"])
    for name, measured in times.items():
        ratios = np.array(measured) / hand
        table.add_row(
            name,
            f"{np.median(measured) * 1e6:.0f}",
            *(f"{ratio:.2f}" for ratio in (np.median(ratios), ratios.min(), ratios.max())),
        )
    return table


def timer(step) -> Callable[[dict, int], float]:
    """A function that takes n steps on a batch and gives the seconds a step took."""

    def seconds_a_step(batch, steps: int) -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            cost = step(batch)
        np.asarray(cost)  # waits for the last step
        return (time.perf_counter() - begin) / steps

    return seconds_a_step


def peers(network: Network) -> dict[str, Callable[[dict, int], float]]:
    """The timers of the peers that are installed."""
    timers = {}
    for name, library, module in PEERS:
        if importlib.util.find_spec(library) is None:
            print(f"{name} is not installed and left out")
            continue
        peer = importlib.import_module(module)
        make = getattr(peer, "make_timer", None) or (lambda network: timer(peer.make_step(network)))  # noqa: B023
        timers[name] = make(network)
    return timers


def same_program(network: Network) -> bool:
    """Whether XLA makes the same instructions of our step and of the hand-written one."""
    batch = network.batch(seed=0)
    values, state, hyperparameters = step_hand.start(network)
    hand = step_hand.train.lower(values, state, hyperparameters, batch, network.layers)
    ours = step_ours.make_algorithm(network).lower(batch)
    return instructions(hand) == instructions(ours)


def instructions(lowered) -> list[str]:
    """The optimized instructions, without the names of values and where they come from."""
    text = lowered.compile().as_text()
    text = re.sub(r", metadata=\{[^}]*\}", "", text)
    lines = [line.strip() for line in text.splitlines() if " = " in line]
    return sorted(re.sub(r"%[\w.-]+", "%", line) for line in lines)


def start_table(starts: int) -> Table:
    """Seconds from the first import to the first step's result, in fresh processes."""
    table = Table("first step of the MLP", "median s", "lowest", "highest")
    seconds: dict[str, list[float]] = {"hand": [], "ours": []}
    for _ in range(starts):
        for which, measured in seconds.items():
            code = START.format(here=str(HERE), which=which)
            out = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            measured.append(float(out.stdout.split()[-1]))
    for which, measured in seconds.items():
        name = {"hand": "by hand", "ours": "bricks + mainloop"}[which]
        table.add_row(name, *(f"{f(measured):.2f}" for f in (np.median, min, max)))
    return table


if __name__ == "__main__":
    sys.exit(main())
