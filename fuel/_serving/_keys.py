"""Key pairs by which server and clients know each other, and by which they encrypt (CurveZMQ).

FOLDER/server/server.key_secret     stays with the server
FOLDER/server/allowed/NAME.key      one for each client that may connect
FOLDER/client-NAME/                 goes to that client: its key pair, and server.key
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import zmq
import zmq.auth

__all__ = ["KeyPair", "allowed_keys", "client_keys", "make_keys", "server_keys"]

_SECRET = 0o600
_PRIVATE = 0o700


class KeyPair(NamedTuple):
    """A public and a secret key, in Z85."""

    public: bytes
    secret: bytes


def make_keys(folder: str | os.PathLike[str], clients: Sequence[str] = ("client",)) -> list[Path]:
    """Make the keys of a server and of some clients, or of more clients of a server.

    Secret keys can be read by their owner alone. The folder `client-NAME` is to be brought to the
    client's machine in a safe way; `server` stays.

    Args:
        folder: where; the server's keys are made unless they are there.
        clients: names for the clients.

    Returns:
        The folders that were made, the server's first if it is among them.

    Raises:
        ValueError: if a name is no plain file name.
        FileExistsError: if a client of this name has its keys.
        OSError: if they cannot be written; nothing is left half made.
    """
    folder = Path(folder)
    for name in clients:
        if not name or Path(name).name != name or name.startswith("."):
            raise ValueError(f"the client's name {name!r} must be a plain file name")
        if (folder / f"client-{name}").exists():
            raise FileExistsError(
                f"there are keys in {folder / f'client-{name}'}; choose another name for the client"
            )
    made = []
    server = folder / "server"
    if not server.exists():
        with _new_folder(server) as part:
            (part / "allowed").mkdir(_PRIVATE)
            _write_pair(part, "server")
        made.append(server)
    for name in clients:
        own = folder / f"client-{name}"
        with _new_folder(own) as part:
            _write_pair(part, "client")
            (part / "server.key").write_bytes((server / "server.key").read_bytes())
            key = part / "for-the-server.part"
            key.write_bytes((part / "client.key").read_bytes())
            os.replace(key, server / "allowed" / f"{name}.key")
        made.append(own)
    return made


def server_keys(folder: str | os.PathLike[str]) -> KeyPair:
    """The server's keys in its folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if the file is malformed.
    """
    return _pair(Path(folder, "server.key_secret"), "server")


def client_keys(folder: str | os.PathLike[str]) -> tuple[KeyPair, bytes]:
    """A client's keys in its folder, and the public key of the server.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if a file is malformed.
    """
    own = _pair(Path(folder, "client.key_secret"), "client-NAME")
    return own, _load(Path(folder, "server.key"), "client-NAME")[0]


def allowed_keys(
    folder: str | os.PathLike[str], complain: Callable[[Exception], None]
) -> set[bytes]:
    """The public keys of the clients that a server lets in; read when asked.

    Args:
        folder: of the server's keys.
        complain: told of files that cannot be read.
    """
    keys = set()
    for path in sorted(Path(folder, "allowed").glob("*.key")):
        try:
            keys.add(_load(path, "server")[0])
        except (OSError, ValueError) as error:
            complain(error)
    return keys


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """A private folder to fill, which gets its name when it is whole."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(_PRIVATE, parents=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        error.filename = os.fspath(path)  # the one that the user knows
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_pair(folder: Path, name: str) -> None:
    """The folder is private, so that the secret is never open to others."""
    _, secret = zmq.auth.create_certificates(folder, name)
    Path(secret).chmod(_SECRET)


def _pair(path: Path, which: str) -> KeyPair:
    public, secret = _load(path, which)
    if secret is None:
        raise ValueError(f"{path} holds no secret key; was it replaced by a public one?")
    return KeyPair(public, secret)


def _load(path: Path, which: str) -> tuple[bytes, bytes | None]:
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {path}; keys are given by the folder {which} in what "
            "`fuel-serve --make-keys FOLDER` made"
        )
    try:
        return zmq.auth.load_certificate(path)
    except ValueError as error:
        raise ValueError(f"{path} is no key file: {error}") from error
