import logging
import os
import signal
import threading

import h5py
import numpy as np
import pytest
from patience import PATIENCE
from serving import HEARTBEAT, client, port_of

from fuel.commands.serve import main
from fuel.converters import create_hdf5, fill_hdf5_file
from fuel.datasets import H5PYDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream, ServerDataStream

EXAMPLES = {"train": 20, "test": 6}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A file in the data path."""
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    path = tmp_path / "mine.hdf5"
    with create_hdf5(path) as h5file:
        fill_hdf5_file(
            h5file,
            [
                (split, source, np.arange(count) + start)
                for split, count in EXAMPLES.items()
                for source, start in (("x", 0), ("y", 100))
            ],
        )
    return path


class Serving(logging.Handler):
    """Runs something against the address that the command tells, then sends a signal to end it."""

    def __init__(self, action):
        super().__init__()
        self.result = None
        self._action = action
        self._thread = None

    def emit(self, record):
        if record.msg.startswith("serving %s at"):
            self._thread = threading.Thread(target=self._run, args=(record.args[1],))
            self._thread.start()

    def _run(self, address):
        try:
            self.result = self._action(address)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def join(self):
        self._thread.join(PATIENCE)
        return self.result


def serve(arguments, action):
    """Exit status of the command, and what the action gave."""
    handler = Serving(action)
    logging.getLogger("fuel").addHandler(handler)
    try:
        status = main([*arguments, "--port", "0"])
        return status, handler.join()
    finally:
        logging.getLogger("fuel").removeHandler(handler)


def first_epoch(address, **options):
    with client(port_of(address), **options) as stream:
        return stream.sources, [[part.tolist() for part in item] for item in stream]


def test_a_file_is_served_in_batches_of_its_split_train_in_order(path):
    status, (sources, batches) = serve([str(path), "--batch-size", "8"], first_epoch)

    assert status == 0
    assert sources == ("x", "y")
    assert [batch[0] for batch in batches] == [
        list(range(8)),
        list(range(8, 16)),
        list(range(16, 20)),
    ]


@pytest.mark.parametrize("name", ["mine", "mine.hdf5"])
def test_a_bare_name_is_looked_up_in_the_data_path(path, name):
    _, (_, batches) = serve([name, "--which-sets", "test", "--sources", "y"], first_epoch)

    assert batches == [[list(range(100, 106))]]


def test_shuffled_orders_are_those_of_the_seed(path):
    dataset = H5PYDataset(path, ("train",), load_in_memory=True)
    alone = DataStream(dataset, iteration_scheme=ShuffledScheme(20, 8, seed=3))

    _, (_, batches) = serve(
        ["mine", "--shuffle", "--seed", "3", "--batch-size", "8", "--load-in-memory"], first_epoch
    )

    assert batches == [[part.tolist() for part in item] for item in alone]


def test_workers_change_nothing(path):
    options = ["mine", "--shuffle", "--batch-size", "8"]

    assert serve([*options, "--workers", "1"], first_epoch)[1] == serve(options, first_epoch)[1]


@pytest.mark.parametrize("order", [[], ["--shuffle"]])
def test_single_examples_are_served_too(path, order):
    _, (_, examples) = serve(["mine", "--examples", *order], first_epoch)

    assert sorted(examples) == [[number, number + 100] for number in range(20)]


def test_keys_that_the_command_made_let_a_client_in(path, tmp_path, capsys):
    made = main(["--make-keys", str(tmp_path / "keys"), "--client", "a", "--client", "b"])
    said = capsys.readouterr().err

    status, (_, batches) = serve(
        ["mine", "--host", "*", "--keys", str(tmp_path / "keys" / "server")],
        lambda address: first_epoch(address, keys=tmp_path / "keys" / "client-b"),
    )

    assert (made, status) == (0, 0)
    assert len(batches) == 1
    assert [line.rpartition("/")[2] for line in said.split()[1::2]] == [
        "server",
        "client-a",
        "client-b",
    ]


def test_keys_are_not_made_twice(tmp_path, capsys):
    arguments = ["--make-keys", str(tmp_path / "keys")]

    assert [main(arguments), main(arguments)] == [0, 2]
    assert "choose another name for the client" in capsys.readouterr().err


def test_a_socket_in_the_file_system_serves_too(path, tmp_path):
    host = f"ipc://{tmp_path}/socket"

    def act(address):
        with ServerDataStream(host=address, heartbeat=HEARTBEAT, timeout=PATIENCE) as stream:
            return len(list(stream))

    assert serve(["mine", "--host", host], act) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name a DATASET to serve"),
        (["mine", "--host", "*"], "can be reached from other machines"),
        (["mine", "--seed", "1"], "--seed goes with --shuffle"),
        (["mine", "--client", "a"], "--client goes with --make-keys"),
        (["mine", "--make-keys", "keys"], "takes no DATASET"),
        (["mine", "--batch-size", "0"], "0 must be 1 or more"),
        (["mine", "--batch-size", "2", "--examples"], "not allowed with"),
        (["mine", "--which-sets", "nope"], "nope"),
        (["mine", "--keys", "nowhere"], "there is no nowhere/server.key_secret"),
        (["other"], "there is no 'other.hdf5' in the data path"),
        (["./other.hdf5"], "fuel-serve: other.hdf5: No such file or directory"),
        (
            ["./other.hdf5", "--which-sets", "train"],
            "fuel-serve: other.hdf5: No such file or directory",
        ),
        (["."], "fuel-serve: . is a directory; give a file in it"),
        (["mine", "--workers", "-1"], "-1 must be 0 or more"),
        (["mine", "--port", "70000"], "port=70000 must be from 0 to 65535"),
    ],
)
def test_what_the_user_can_put_right_is_said_in_one_message(path, arguments, complaint, capsys):
    status = main(arguments)

    said = capsys.readouterr().err
    assert status == 2
    assert complaint in said
    assert "Traceback" not in said


def test_a_file_that_is_none_is_said_so(tmp_path, capsys):
    (tmp_path / "text.hdf5").write_text("not HDF5")

    assert main([str(tmp_path / "text.hdf5")]) == 2
    assert main([str(tmp_path / "text.hdf5"), "--which-sets", "train"]) == 2
    assert "is no HDF5 file, or a damaged one" in capsys.readouterr().err


def test_without_a_split_train_one_must_be_chosen_among_several(path, capsys):
    with h5py.File(path, "a") as h5file:
        table = h5file.attrs["split"]
        table["split"] = np.where(table["split"] == b"train", b"valid", table["split"])
        h5file.attrs["split"] = table

    assert main(["mine"]) == 2
    assert "has the splits test, valid; choose with --which-sets" in capsys.readouterr().err


def test_a_port_in_use_is_status_1(path, capsys):
    def act(address):
        with client(port_of(address)) as stream:
            list(stream)
        return main(["mine", "--port", str(port_of(address))])

    assert serve(["mine"], act) == (0, 1)
    assert "is in use" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_said_to_be_none_of_this(path, tmp_path, capsys, host):
    main(["--make-keys", str(tmp_path / "keys")])

    status = main(["mine", "--host", host, "--keys", str(tmp_path / "keys" / "server")])

    said = capsys.readouterr().err
    assert status == 1
    assert (
        f"fuel-serve: cannot listen on tcp://{host}:5557, which is no address of this mach" in said
    )


def test_the_help_teaches(capsys):
    assert main(["--help"]) == 0

    said = capsys.readouterr().out
    for word in ("ServerDataStream", "fuel-serve --make-keys keys", "--shuffle", "--push-port"):
        assert word in said


def test_a_file_on_a_read_only_file_system_can_be_served(path):
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        _, (_, batches) = serve([str(path)], first_epoch)
    finally:
        path.parent.chmod(0o755)

    assert len(batches) == 1
