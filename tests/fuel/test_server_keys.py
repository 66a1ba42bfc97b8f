import stat
import subprocess
import sys

import pytest
import streams_for_workers as streams
import zmq
from serving import client, numbers, serving

from fuel.server import Server, ServerError, make_keys
from fuel.streams import ServerDataStream


@pytest.fixture
def keys(tmp_path):
    make_keys(tmp_path / "keys", ("laptop",))
    return tmp_path / "keys"


@pytest.mark.parametrize("host", ["*", "0.0.0.0", "192.168.1.2", "example.org", "::"])
def test_an_address_that_others_reach_is_refused_without_keys(host):
    with pytest.raises(ValueError, match=r"reached from other machines.*--make-keys FOLDER"):
        Server(numbers(), 0, host=host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3"])
def test_an_address_of_this_machine_needs_no_keys(host):
    with Server(numbers(), 0, host=host) as server:
        assert server.address.startswith("tcp://127.")


def test_with_keys_a_server_listens_to_others_and_a_known_client_gets_in(keys):
    with (
        serving(streams.scaled(), host="*", keys=keys / "server") as (port, server),
        client(port, keys=keys / "client-laptop") as stream,
    ):
        assert len(list(stream.get_epoch_iterator())) == streams.BATCHES

    assert "127.0.0.1" not in server.address


@pytest.mark.parametrize(
    ("who", "why"),
    [("nobody", "it wants keys; pass keys="), ("stranger", "does not know this client's key")],
)
def test_a_client_without_keys_or_with_strange_ones_is_told_so_at_once(keys, tmp_path, who, why):
    make_keys(tmp_path / "other", ("stranger",))
    stranger = tmp_path / "other" / "client-stranger"
    (stranger / "server.key").write_bytes((keys / "server" / "server.key").read_bytes())
    given = {"nobody": None, "stranger": stranger}[who]

    with serving(streams.scaled(), keys=keys / "server") as (port, _):
        with (
            client(port, keys=given, timeout=None) as stream,
            pytest.raises(ServerError, match=f"refused: .*{why}"),
        ):
            stream.get_epoch_iterator()

        with client(port, keys=keys / "client-laptop") as stream:
            assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


def test_a_stranger_is_logged(keys, tmp_path, caplog):
    make_keys(tmp_path / "other", ("stranger",))
    stranger = tmp_path / "other" / "client-stranger"
    (stranger / "server.key").write_bytes((keys / "server" / "server.key").read_bytes())

    with (
        serving(streams.scaled(), keys=keys / "server") as (port, _),
        client(port, keys=stranger) as stream,
        pytest.raises(ServerError, match="refused"),
    ):
        stream.get_epoch_iterator()

    assert "a stranger was turned away: 127.0.0.1" in caplog.text


def test_a_client_that_was_refused_gets_in_once_its_key_is_known(keys):
    allowed = keys / "server" / "allowed" / "laptop.key"
    key = allowed.read_bytes()
    allowed.unlink()

    with (
        serving(streams.scaled(), keys=keys / "server") as (port, _),
        client(port, keys=keys / "client-laptop") as stream,
    ):
        with pytest.raises(ServerError, match="does not know this client's key"):
            stream.get_epoch_iterator()
        allowed.write_bytes(key)

        assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


def test_keys_for_a_server_without_keys_are_said_to_be_too_much(keys):
    with (
        serving(streams.scaled()) as (port, _),
        client(port, keys=keys / "client-laptop", timeout=None) as stream,
        pytest.raises(ServerError, match="it speaks without keys; leave out keys="),
    ):
        stream.get_epoch_iterator()


def test_a_client_does_not_talk_to_a_server_with_other_keys(keys, tmp_path):
    make_keys(tmp_path / "other", ("laptop",))

    with (
        serving(streams.scaled(), keys=tmp_path / "other" / "server") as (port, _),
        client(port, keys=keys / "client-laptop", timeout=0.5) as stream,
        pytest.raises(ServerError, match="no answer.*are the keys those of another server"),
    ):
        stream.get_epoch_iterator()


def test_a_client_that_is_added_gets_in_without_a_restart(keys):
    with serving(streams.scaled(), keys=keys / "server") as (port, _):
        (made,) = make_keys(keys, ("desk",))
        with client(port, keys=made) as stream:
            assert len(list(stream.get_epoch_iterator())) == streams.BATCHES


def test_damaged_keys_of_a_client_keep_nobody_else_out(keys, caplog):
    (keys / "server" / "allowed" / "broken.key").write_text("nonsense")

    with (
        serving(streams.scaled(), keys=keys / "server") as (port, _),
        client(port, keys=keys / "client-laptop") as stream,
    ):
        assert len(list(stream.get_epoch_iterator())) == streams.BATCHES

    assert "a client's key cannot be read" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_secret_keys_are_for_their_owner_only(keys):
    secrets = sorted(keys.rglob("*.key_secret"))

    assert len(secrets) == 2
    for path in secrets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_pair_belongs_together(keys):
    public, secret = zmq.auth.load_certificate(keys / "server" / "server.key_secret")

    assert zmq.curve_public(secret) == public
    assert (keys / "client-laptop" / "server.key").read_text().count(public.decode()) == 1


def test_keys_are_never_overwritten(keys):
    before = {path: path.read_bytes() for path in keys.rglob("*.key*")}

    with pytest.raises(FileExistsError, match="choose another name for the client"):
        make_keys(keys, ("new", "laptop"))

    assert {path: path.read_bytes() for path in keys.rglob("*.key*")} == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_keys_that_do_not_fit_the_disk_leave_nothing_half_made(tmp_path):
    code = (
        "import resource, signal, sys; from fuel.commands.serve import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "sys.exit(main(['--make-keys', 'keys']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )

    assert (done.returncode, done.stderr) == (1, "fuel-serve: keys/server: File too large\n")
    assert list((tmp_path / "keys").iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden"])
def test_a_name_that_would_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="must be a plain file name"):
        make_keys(tmp_path / "keys", (name,))

    assert not (tmp_path / "keys").exists()


def test_missing_or_damaged_keys_are_said(keys, tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder server in what `fuel-serve"):
        Server(numbers(), 0, keys=tmp_path)
    with pytest.raises(FileNotFoundError, match="by the folder client-NAME in what"):
        ServerDataStream(keys=keys / "server")
    (keys / "server" / "server.key_secret").write_text("nonsense")
    with pytest.raises(ValueError, match="is no key file"):
        Server(numbers(), 0, keys=keys / "server")


def test_the_port_for_old_clients_knows_no_keys_and_stays_on_this_machine(keys):
    with pytest.raises(ValueError, match="push_port= serves without keys"):
        Server(numbers(), 0, host="*", keys=keys / "server", push_port=0)
