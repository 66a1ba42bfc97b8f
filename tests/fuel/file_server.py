"""A web server in a thread of the tests, that serves bytes well or badly."""

import hashlib
import http.server
import threading
from dataclasses import dataclass, field

from fuel.downloaders import DataFile


@dataclass
class Served:
    """What is at an address, and how it is given.

    `cut` closes the connection after so many bytes of the body, `silent` says no more after
    them, both while promising all; what `drips` comes one byte after the other. Unless it is
    `announced`, the length of the body is not sent. What is `first` is served before, once each.
    """

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    takes_ranges: bool = True
    cut: int | None = None
    silent: int | None = None
    drips: bool = False
    announced: bool = True
    first: list["Served"] = field(default_factory=list)


def data_file(name, content):
    """What a recipe says of a file with this content."""
    return DataFile(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


class FileServer:
    """Serves `files`, a dict from path to `Served`, and notes each request as (path, Range)."""

    def __init__(self):
        self.files = {}
        self.requests = []
        self.released = threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, format, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        served = self.files.get(request.path, Served(status=404))
        served = served.first.pop(0) if served.first else served
        body, status, headers = served.content, served.status, dict(served.headers)
        version = request.headers.get("If-Range", headers.get("ETag"))
        is_same = version == headers.get("ETag")
        if wanted is not None and served.takes_ranges and status == 200 and is_same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                body, status = b"", 416
            else:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                body, status = body[start:], 206
        if served.silent == -1:
            self.released.wait()
            return
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if served.announced:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if served.silent is not None:
            request.wfile.write(body[: served.silent])
            request.wfile.flush()
            self.released.wait()
        elif served.drips:
            self._drip(request, body)
        else:
            request.wfile.write(body[: served.cut])

    def _drip(self, request, body):
        for place in range(len(body)):
            if self.released.wait(0.01):
                return
            try:
                request.wfile.write(body[place : place + 1])
            except OSError:  # the client has had enough
                return
