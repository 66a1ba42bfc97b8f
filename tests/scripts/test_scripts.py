import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fuel.converters.mnist import convert_mnist, read_mnist_images, read_mnist_labels
from mainloop.checkpoint import load_parameters

SCRIPTS = Path(__file__).parents[2] / "scripts"
REAL = os.environ.get("FUEL_TEST_DATA")
needs_mnist = pytest.mark.skipif(not REAL, reason="FUEL_TEST_DATA does not say where MNIST is")


def script(name, *arguments, data=None, code=None):
    """Run a script in a process of its own; its standard output."""
    environment = dict(os.environ)
    if data is not None:
        environment["FUEL_DATA_PATH"] = str(data)
    command = ["-c", code] if code else [SCRIPTS / name]
    done = subprocess.run(
        [sys.executable, "-W", "error", *command, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """A run of two epochs on the real data, and the folder of the raw files."""
    folder = tmp_path_factory.mktemp("mnist")
    raw = Path(REAL) / "mnist"
    convert_mnist(directory=str(raw), output_directory=str(folder), output_filename="mnist.hdf5")
    output = script("train_mnist.py", "--run", folder / "run", "--epochs", 2, data=folder)
    return folder / "run", raw, output


@needs_mnist
def test_two_epochs_on_mnist_leave_less_than_five_percent_errors(mnist):
    _, _, output = mnist

    closing = output.splitlines()[-1]

    assert closing.startswith("test error: ")
    assert float(closing.split()[2]) < 5
    assert closing.endswith("(best epoch 2, stopped because 2 epochs are done)")


@needs_mnist
def test_the_reported_error_is_that_of_the_saved_parameters_computed_by_numpy(mnist):
    run, raw, output = mnist
    values = load_parameters(run / "checkpoint.h5")
    images = read_mnist_images(str(raw / "t10k-images-idx3-ubyte.gz")).reshape(-1, 784) / 255
    labels = read_mnist_labels(str(raw / "t10k-labels-idx1-ubyte.gz")).reshape(-1)

    hidden = np.maximum(images @ values["/mlp/linear_0.W"] + values["/mlp/linear_0.b"], 0)
    logits = hidden @ values["/mlp/linear_1.W"] + values["/mlp/linear_1.b"]
    errors = 100 * np.mean(logits.argmax(axis=1) != labels)

    # A near tie may fall the other way in another order of additions.
    assert float(output.splitlines()[-1].split()[2]) == pytest.approx(errors, abs=0.03)


@needs_mnist
def test_pictures_of_a_run_are_drawn_from_its_files(mnist):
    run, _, _ = mnist

    script("plot_run.py", run)

    for name in ("learning_curves.png", "filters.png"):
        with Image.open(run / name) as picture:
            assert len(set(picture.convert("L").tobytes())) > 20


@needs_mnist
def test_a_picture_is_classified_without_training_code(mnist, tmp_path):
    run, raw, _ = mnist
    images = read_mnist_images(str(raw / "t10k-images-idx3-ubyte.gz"))
    Image.fromarray(images[0, 0]).save(tmp_path / "seven.png")
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "import predict_mnist; predict_mnist.main(sys.argv[1:])\n"
        "print(sorted(m for m in ('mainloop', 'optax', 'fuel', 'train_mnist') if m in sys.modules))"
    )

    output = script(None, run, tmp_path / "seven.png", code=code)

    assert output.startswith("7: ")  # the first test image is a seven
    assert output.splitlines()[-1] == "[]"


@pytest.mark.parametrize("wrong", ["missing.png", "text.png"])
def test_what_is_no_picture_or_no_checkpoint_is_refused(wrong, tmp_path):
    (tmp_path / "text.png").write_text("not a picture")

    done = subprocess.run(
        [sys.executable, SCRIPTS / "predict_mnist.py", tmp_path / "text.png", tmp_path / wrong],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "is not a checkpoint of this network" in done.stderr


def test_the_steps_of_the_benchmark_are_the_same_programs():
    output = script("benchmark_step.py", "--rounds", 1, "--steps", 2, "--starts", 0)

    assert output.count("optimized instructions identical") == 3
    assert "DIFFER" not in output


@pytest.mark.skipif(
    importlib.util.find_spec("flax") is None, reason="compares with a library that is not needed"
)
def test_the_peers_of_the_benchmark_take_the_same_steps():
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "import numpy as np, step_hand\n"
        "from peers import step_nnx\n"
        "from step_networks import MLP\n"
        "steps = step_hand.make_step(MLP), step_nnx.make_step(MLP)\n"
        "for number in range(3):\n"
        "    costs = [float(step(MLP.batch(seed=number))) for step in steps]\n"
        "print(abs(costs[0] - costs[1]))"
    )

    assert float(script(None, code=code)) < 1e-4


@pytest.mark.parametrize(
    ("name", "library"), [("plot_run.py", "matplotlib"), ("predict_mnist.py", "PIL")]
)
def test_a_missing_extra_is_said_with_its_cure(name, library):
    code = (
        f"import sys; sys.modules[{library!r}] = None; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        f"import {name.removesuffix('.py')}"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 1
    assert "pip install 'bricks-fuel-mainloop[plot]'" in done.stderr
    assert "Traceback" not in done.stderr
