"""One try at a file over HTTP: checked status, bounded waiting, and going on from a part."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, BinaryIO

import requests
import urllib3

from fuel._progress import ProgressBar
from fuel.downloaders._printable import printable

__all__ = [
    "BrokenOffError",
    "DownloadError",
    "NoAnswerError",
    "Patience",
    "check_status",
    "get_once",
    "open_url",
    "write_all",
]

MAX_REDIRECTS = 8
PAGES = (".html", ".htm")
FAILING = (500, 502, 503, 504)  # may well go on later; what it does not know, 501, it will not
NOT_THE_REST = (  # of a file that is shorter than the part here, or another part than asked for
    requests.codes.requested_range_not_satisfiable,
    requests.codes.partial_content,
)


class DownloadError(Exception):
    """A file could not be had, for a reason that lies outside this machine."""


class NoAnswerError(DownloadError):
    """A server that cannot be reached, or says nothing."""


class BrokenOffError(DownloadError):
    """A server that has stopped in the middle, or says that it cannot just now.

    Attributes:
        wait: seconds after which it wants to be asked again; None if it did not say.
        version: what it calls the file as it is now, to ask for the rest of the same; None if it
            has no name for it.
    """

    def __init__(
        self, message: str, *, wait: float | None = None, version: str | None = None
    ) -> None:
        super().__init__(message)
        self.wait = wait
        self.version = version


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server, in seconds, and how often.

    Args:
        connect: for one connection to one address.
        answer: for the first line of the answer, all in all: looking up the name, every address
            of that name, every redirect.
        silence: between two pieces of the file.
        span: over which the file must come with at least `least_rate`.
        least_rate: bytes in a second.
        tries: how often in a row a server is asked that breaks off, or says that it is busy, at
            least once. What has arrived is not asked for again.
        pause: before the second try; each further one is twice as long.
        longest_pause: the most that any is, also if the server wants a longer one: then there is
            no other try.
    """

    connect: float = 3.0
    answer: float = 6.0
    silence: float = 30.0
    span: float = 60.0
    least_rate: float = 100.0
    tries: int = 4
    pause: float = 1.0
    longest_pause: float = 60.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise ValueError(f"tries={self.tries} must be at least 1")


def get_once(
    url: str,
    part: BinaryIO,
    bar: ProgressBar,
    *,
    name: str,
    resume: bool,
    chunk_size: int,
    max_size: int | None,
    patience: Patience,
    version: str | None = None,
) -> None:
    """Write what `url` gives to an open binary file, as far as it comes at one try.

    Args:
        url: an `http` or `https` address.
        part: where to write.
        bar: shows how far it is.
        name: of the file.
        resume: take what `part` holds for the beginning, and ask for the rest alone; a server
            that sends the whole instead is fine.
        chunk_size: bytes written at once.
        max_size: more bytes than this are refused; None for any number.
        patience: how long to wait.
        version: what the server called the file that the part is of, if it did: of another the
            whole is asked for.

    Raises:
        BrokenOffError: if it is worth to ask again.
        DownloadError: in one line, why there is no file or only a part of it.
        OSError: if `part` cannot be written.
    """
    start = part.seek(0, os.SEEK_END) if resume else 0
    of_version = {} if version is None else {"If-Range": version}
    rest = {"Range": f"bytes={start}-", **of_version} if start else {}
    response = open_url(url, patience, rest)
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
        bar.expect(total)
        for done, piece in _pieces(response, chunk_size, start, total, patience):
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
        NoAnswerError: if there is none, in one line.
        BrokenOffError: if the connection was cut before.
        DownloadError: if it leads nowhere.
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
        raise NoAnswerError(f"no answer within {patience.answer:g} s")
    if isinstance(outcome[0], requests.RequestException):
        raise _error_of(outcome[0], patience) from outcome[0]
    return outcome[0]


def check_status(response: requests.Response, *, is_part: bool = False) -> None:
    """Refuse an answer that is no file.

    Args:
        response: the answer.
        is_part: whether a part of the file will do.

    Raises:
        BrokenOffError: if the server says that it cannot just now.
        DownloadError: if its status is another than that of a file, in words of our own, since
            those of the server could be anything.
    """
    status = response.status_code
    if status == requests.codes.ok or (is_part and status == requests.codes.partial_content):
        return
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    said = f"the server answers {status} {phrase}".rstrip()
    if status == requests.codes.too_many_requests or status in FAILING:
        raise BrokenOffError(said, wait=_retry_after(response.headers.get("Retry-After", "")))
    raise DownloadError(said)


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
    response: requests.Response, chunk_size: int, start: int, total: int | None, patience: Patience
) -> Iterator[tuple[int, bytes]]:
    """Pieces of the file as the server stores it, each with the number of bytes up to its end."""
    done = counted = start
    since = time.monotonic()
    after = "" if total is None else f" of {total}"
    version = _version(response)
    while True:
        try:
            piece = response.raw.read1(chunk_size, decode_content=False)
        except urllib3.exceptions.ReadTimeoutError as error:
            said = f"the server fell silent after {done}{after} bytes"
            raise BrokenOffError(said, version=version) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            said = f"the connection broke after {done}{after} bytes"
            raise BrokenOffError(said, version=version) from error
        if not piece:
            return
        done += len(piece)
        yield done, piece
        passed = time.monotonic() - since
        if passed >= patience.span:
            if done - counted < patience.least_rate * passed:
                said = f"the server sent {done - counted} bytes in {passed:.0f} s, too few to wait"
                raise BrokenOffError(f"{said} for; {done}{after} are here", version=version)
            counted, since = done, time.monotonic()


def _version(response: requests.Response) -> str | None:
    """What a server calls the file as it is now, if that tells one version from every other."""
    tag = response.headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified")


def _retry_after(text: str) -> float | None:
    """Seconds to wait, of a header that gives them or a date; None if it gives neither."""
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _error_of(error: requests.RequestException, patience: Patience) -> DownloadError:
    cause: BaseException = error
    while (inner := _inner(cause)) is not None:
        cause = inner
    if isinstance(cause, ConnectionResetError):
        return BrokenOffError(_reason(error, patience))
    is_silence = isinstance(error, requests.ConnectionError | requests.Timeout)
    return (NoAnswerError if is_silence else DownloadError)(_reason(error, patience))


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
