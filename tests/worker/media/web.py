"""A web server of the test's own: answers what it is told, remembers what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Web:
    """The server: `answers` by path, `asked` in order."""

    port: int
    answers: dict[str, Answer]
    asked: list[str]

    def url(self, path: str, login: str = "") -> str:
        """Return the address of a path."""
        return f"http://{login}127.0.0.1:{self.port}{path}"


@contextmanager
def web(answers: dict[str, Answer]) -> Iterator[Web]:
    """Serve while the block runs."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            answer = answers.get(path, Answer(404))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Web(server.server_address[1], answers, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
