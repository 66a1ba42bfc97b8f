"""Where a server of streams listens, and whether only this machine can reach it."""

from __future__ import annotations

import errno
import ipaddress
import os
from typing import Any

import zmq

__all__ = ["address_of", "bind", "is_ipv6", "is_local"]

IPC = "ipc://"


def address_of(host: str, port: int) -> str:
    """The ZeroMQ address of a host's port.

    Args:
        host: a name, an IP address, or `*` for all interfaces of this machine; or `ipc://` and a
            path, for a socket in the file system, where the port means nothing.
        port: 0 to 65535.

    Raises:
        ValueError: if either is malformed.
    """
    if host.startswith(IPC):
        if len(host) == len(IPC):
            raise ValueError(f"host={host!r} lacks a path; write for instance ipc:///tmp/my-stream")
        return host
    if not host or "/" in host or any(character.isspace() for character in host):
        raise ValueError(
            f"host={host!r} is no host; give a name, an IP address, or ipc:// and a path"
        )
    if not 0 <= port <= 65535:
        raise ValueError(f"port={port} must be from 0 to 65535")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"tcp://{'127.0.0.1' if host == 'localhost' else host}:{port}"


def is_ipv6(address: str) -> bool:
    """Whether an address of `address_of` is an IPv6 one."""
    return address.startswith("tcp://[")


def is_local(host: str) -> bool:
    """Whether a socket that is bound to this host can be reached from this machine only."""
    if host.startswith(IPC) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bind(socket: zmq.Socket[Any], address: str) -> str:
    """Have a socket listen at an address; gives the address, with the port that was taken.

    Raises:
        OSError: if it cannot; says what to do if the address is in use, or not of this machine.
    """
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        number = error.errno or 0
        raise OSError(number, _trouble(number, address)) from error
    bound = socket.getsockopt(zmq.LAST_ENDPOINT)
    assert isinstance(bound, bytes)
    return bound.rstrip(b"\0").decode()


def _trouble(number: int, address: str) -> str:
    if number == errno.EADDRINUSE:
        return (
            f"{address} is in use, perhaps by another server; end that one, or choose another port "
            "(0 takes a free one)"
        )
    if number in (errno.EADDRNOTAVAIL, errno.ENODEV):
        return (
            f"cannot listen on {address}, which is no address of this machine; give one of its IP "
            "addresses, or * for all"
        )
    return f"cannot listen on {address}: {os.strerror(number)}"
