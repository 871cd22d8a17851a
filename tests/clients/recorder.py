"""A loopback proxy that stands between a tracking client and Quaylai.

It forwards every request byte for byte, keeps what went over the wire, and can send it all a second time: so
"the same calls replayed" means the very same bytes, message ids included, whichever library produced them. It
can also lose an answer on its way back, or refuse a request before Quaylai sees it, which is what makes a real
client send a message again.
"""

from __future__ import annotations

import gzip
import http.client
import json
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def messages(self) -> list[dict]:
        """The tracking messages of this request; empty for preflights and for the library's own metrics."""
        if self.method != "POST" or self.path.split("?")[0].endswith("/m"):
            return []
        plain = gzip.decompress(self.body) if self.header("content-encoding") == "gzip" else self.body
        document = json.loads(plain)
        return document["batch"] if "batch" in document else [document]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that went away is not worth a traceback; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Recorder:
    def __init__(self, upstream: tuple[str, int]):
        self.upstream = upstream
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        self._answers_to_lose = 0
        self._requests_to_refuse = 0
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _forward(self):
                length = int(self.headers.get("content-length") or 0)
                if self.headers.get("transfer-encoding", "").lower() == "chunked":
                    body = self._read_chunked()
                else:
                    body = self.rfile.read(length)
                headers = tuple((k, v) for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP)
                if self.command == "POST" and recorder._refuses():
                    self.send_response(503)
                    self.send_header("access-control-allow-origin", "*")
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                status, answer_headers, answer = recorder.send(self.command, self.path, headers, body)
                exchange = Exchange(self.command, self.path, headers, body, status, answer)
                if recorder._keep(exchange):
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(status)
                for key, value in answer_headers:
                    if key.lower() not in HOP_BY_HOP | {"content-length", "date", "server"}:
                        self.send_header(key, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _read_chunked(self) -> bytes:
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            do_GET = do_POST = do_OPTIONS = _forward

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def lose_answers(self, count: int) -> None:
        """The next `count` posted requests reach Quaylai, but their answers never reach the client."""
        with self._lock:
            self._answers_to_lose = count

    def refuse(self, count: int) -> None:
        """The next `count` posted requests are answered 503 and go no further."""
        with self._lock:
            self._requests_to_refuse = count

    def _refuses(self) -> bool:
        with self._lock:
            self._requests_to_refuse -= 1
            return self._requests_to_refuse >= 0

    def _keep(self, exchange: Exchange) -> bool:
        """Records the exchange; true if its answer is to be lost."""
        with self._lock:
            self.exchanges.append(exchange)
            if exchange.messages() and self._answers_to_lose > 0:
                self._answers_to_lose -= 1
                return True
            return False

    def send(self, method, path, headers, body) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.upstream, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for key, value in headers:
                if key.lower() != "content-length":
                    connection.putheader(key, value)
            connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def posted(self) -> list[Exchange]:
        with self._lock:
            return [e for e in self.exchanges if e.messages()]

    def messages(self) -> list[dict]:
        return [message for exchange in self.posted() for message in exchange.messages()]

    def message_ids(self) -> list[str]:
        """Every message id that went over the wire, once each, in the order of its first appearance."""
        return list(dict.fromkeys(message["messageId"] for message in self.messages()))

    def replay(self) -> None:
        """Sends every recorded tracking request again, byte for byte."""
        for exchange in self.posted():
            status, _, answer = self.send(exchange.method, exchange.path, exchange.headers, exchange.body)
            assert status == 200, (exchange.path, status, answer)
