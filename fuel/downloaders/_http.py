"""One file over HTTP: checked status, bounded waiting, and going on where a try stopped."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO

import requests
import urllib3

from fuel._progress import progress_bar
from fuel.downloaders._printable import printable

__all__ = ["DownloadError", "Patience", "check_status", "http_get", "open_url", "write_all"]

MAX_REDIRECTS = 8
PAGES = (".html", ".htm")
NOT_THE_REST = (  # of a file that is shorter than the part here, or another part than asked for
    requests.codes.requested_range_not_satisfiable,
    requests.codes.partial_content,
)


class DownloadError(Exception):
    """A file could not be had, for a reason that lies outside this machine."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server, in seconds.

    Args:
        connect: for one connection to one address.
        answer: for the first line of the answer, all in all: looking up the name, every address
            of that name, every redirect.
        silence: between two pieces of the file.
    """

    connect: float = 3.0
    answer: float = 6.0
    silence: float = 30.0


def http_get(
    url: str,
    part: BinaryIO,
    *,
    name: str,
    resume: bool,
    chunk_size: int = 1 << 16,
    max_size: int | None = None,
    patience: Patience | None = None,
) -> None:
    """Write what `url` gives to an open binary file.

    Args:
        url: an `http` or `https` address.
        part: where to write.
        name: what the progress bar calls it.
        resume: take what `part` holds for the beginning, and ask for the rest alone; a server
            that sends the whole instead is fine.
        chunk_size: bytes written at once.
        max_size: more bytes than this are refused; None for any number.
        patience: how long to wait; `Patience()` if None.

    Raises:
        DownloadError: in one line, why there is no file or only a part of it.
        OSError: if `part` cannot be written.
    """
    patience = patience or Patience()
    start = part.seek(0, os.SEEK_END) if resume else 0
    response = open_url(url, patience, {"Range": f"bytes={start}-"} if start else {})
    if response.status_code in NOT_THE_REST and start and not _goes_on_at(response, start):
        response.close()
        response = open_url(url, patience, {})
    with response:
        goes_on = start > 0 and _goes_on_at(response, start)
        check_status(response, is_part=goes_on)
        if not goes_on and start:
            part.seek(0)
            part.truncate(start := 0)
        total = _total(response, start, max_size)
        _refuse_page(name, start, response.headers.get("Content-Type", ""))
        with progress_bar(name, total, "Downloading", in_bytes=True) as bar:
            for done, piece in _pieces(response, chunk_size, start, total):
                if done == len(piece):
                    _refuse_page(name, start, "", piece)
                if max_size is not None and done > max_size:
                    part.truncate(0)
                    raise DownloadError(f"it sends more than the {max_size} bytes of the file")
                write_all(part, piece)
                bar.update(done)


def open_url(url: str, patience: Patience, headers: dict[str, str]) -> requests.Response:
    """The answer to a GET, its body not yet read; an answer of any status is one.

    The request runs in a thread of its own, for looking up a name, and trying address after
    address, have no time limit of their own.

    Raises:
        DownloadError: if there is none, in one line.
    """
    outcome: list[requests.Response | requests.RequestException] = []
    gave_up = threading.Event()

    def ask() -> None:
        answer = _ask(url, patience, headers)
        outcome.append(answer)
        if gave_up.is_set() and isinstance(answer, requests.Response):
            answer.close()

    thread = threading.Thread(target=ask, name=f"asking {url}", daemon=True)
    thread.start()
    thread.join(patience.answer)
    if not outcome:
        gave_up.set()
        raise DownloadError(f"no answer within {patience.answer:g} s")
    if isinstance(outcome[0], requests.RequestException):
        raise DownloadError(_reason(outcome[0], patience)) from outcome[0]
    return outcome[0]


def check_status(response: requests.Response, *, is_part: bool = False) -> None:
    """Refuse an answer that is no file.

    Args:
        response: the answer.
        is_part: whether a part of the file will do.

    Raises:
        DownloadError: if its status is another than that of a file, in words of our own, since
            those of the server could be anything.
    """
    status = response.status_code
    if status == requests.codes.ok or (is_part and status == requests.codes.partial_content):
        return
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    raise DownloadError(f"the server answers {status} {phrase}".rstrip())


def write_all(part: BinaryIO, data: bytes | memoryview) -> None:
    """Write every byte: an unbuffered file may take only some at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[part.write(rest) :]


def _ask(
    url: str, patience: Patience, headers: dict[str, str]
) -> requests.Response | requests.RequestException:
    with requests.Session() as session:
        session.max_redirects = MAX_REDIRECTS
        session.headers["Accept-Encoding"] = "identity"  # the bytes of the file, not of a packing
        session.hooks["response"].append(_leave_unread)
        try:
            return session.get(
                url, headers=headers, stream=True, timeout=(patience.connect, patience.silence)
            )
        except requests.RequestException as error:
            return error
        except (ValueError, urllib3.exceptions.HTTPError) as error:  # of a redirect's target
            return requests.exceptions.InvalidURL(str(error))


def _leave_unread(response: requests.Response, **_: Any) -> None:
    """Close the answer that redirects: what comes with it may be endless."""
    if response.is_redirect:
        response.close()


def _refuse_page(name: str, start: int, kind: str, beginning: bytes = b"") -> None:
    """Refuse a web page in place of a file: an error, or a place to log in, with status 200."""
    if name.lower().endswith(PAGES) or start:
        return
    says_so = kind.partition(";")[0].strip().lower() == "text/html"
    if says_so or beginning[:64].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise DownloadError(
            "the server sends a web page, not the file; open the address in a browser to see what "
            "it wants"
        )


def _total(response: requests.Response, start: int, max_size: int | None) -> int | None:
    """How long the file will be; None if that is not known."""
    length = response.headers.get("Content-Length", "")
    if not length.isdecimal():
        return max_size
    total = start + int(length)
    if start == 0 and max_size is not None and total > max_size:
        raise DownloadError(
            f"it sends more than the {max_size} bytes of the file: it announces {total}"
        )
    return total


def _goes_on_at(response: requests.Response, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    partial = response.status_code == requests.codes.partial_content
    return partial and content_range.startswith(f"bytes {start}-")


def _pieces(
    response: requests.Response, chunk_size: int, start: int, total: int | None
) -> Iterator[tuple[int, bytes]]:
    """Pieces of the file as the server stores it, each with the number of bytes up to its end."""
    done = start
    whole = "" if total is None else f" of {total}"
    try:
        for piece in response.raw.stream(chunk_size, decode_content=False):
            done += len(piece)
            yield done, piece
    except urllib3.exceptions.ReadTimeoutError as error:
        raise DownloadError(f"the server fell silent after {done}{whole} bytes") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise DownloadError(f"the connection broke after {done}{whole} bytes") from error


def _reason(error: requests.RequestException, patience: Patience) -> str:
    """Why there is no answer, in one line for a person."""
    if isinstance(error, requests.TooManyRedirects):
        return f"it redirects in circles (more than {MAX_REDIRECTS} times)"
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    cause: BaseException = error
    while (inner := _inner(cause)) is not None:
        cause = inner
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return "its name does not resolve"
    text = re.sub(r"^HTTPS?Connection(Pool)?\(.*?\): ", "", str(cause))
    return printable(text) or type(cause).__name__


def _inner(error: BaseException) -> BaseException | None:
    """The error that an error of requests or urllib3 wraps."""
    for candidate in (getattr(error, "reason", None), *reversed(error.args)):
        if isinstance(candidate, BaseException):
            return candidate
    return None
