"""Stands between a program and the sandbox's API: passes calls on, holds answers back, or breaks off."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Between:
    """A port of this machine in front of an API. `answered` counts the answers that came back so far."""

    def __init__(self, url: str, *, holds: bool = False) -> None:
        self._parts = urlsplit(url)
        self._holds = holds
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.answered = threading.Semaphore(0)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listening.getsockname()[1])
        self._accept(self._listening)

    @property
    def url(self) -> str:
        """The API's URL by this port."""
        return urlunsplit(self._parts._replace(netloc=f"127.0.0.1:{self._port}"))

    def cut(self) -> None:
        """The network is away: what is open breaks, what is new is refused."""
        _shut(self._listening)
        with self._lock:
            for end in self._open:
                _shut(end)
            self._open.clear()

    def restore(self) -> None:
        """The network is back."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._accept(self._listening)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def _accept(self, listening: socket.socket) -> None:
        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = listening.accept()
                    self._join(near)

        threading.Thread(target=accept, daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        far = socket.create_connection((self._parts.hostname or "", self._parts.port or 80))
        with self._lock:
            self._open += [near, far]
        for source, target in ((near, far), (far, near)):
            back = source is far
            threading.Thread(target=self._pass_on, args=(source, target, back), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        with contextlib.suppress(OSError):
            for data in _received(source):
                if not (back and self._holds):
                    target.sendall(data)
                if back:
                    self.answered.release()
        if not (back and self._holds):
            _shut(target)


def _received(source: socket.socket) -> Iterator[bytes]:
    while data := source.recv(65_536):
        yield data


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
