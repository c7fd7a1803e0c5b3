"""A server that sleeps: when it ends, what wakes it, and what the proxy before it passes on."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.aws.servers import ServerError, free_port
from sandbox.aws.sleeping import Sleeper


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65_536):
            self.request.sendall(data)


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Echoes:
    """A server that sends back what it receives."""

    def __init__(self) -> None:
        self.directory = Path()
        self.port = free_port()
        self.starts = 0
        self.broken = False
        self.passwords: list[tuple[str, str]] = []
        self.majors: list[str] = []
        self.endpoint = 0
        self._listener: Listener | None = None

    def start(self) -> None:
        if self.broken:
            raise ServerError("it does not start")
        self.starts += 1
        self._listener = Listener(("127.0.0.1", self.port), Echo)
        threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True).start()

    def set_password(self, user: str, password: str) -> None:
        assert self.runs, "RDS changes a password of a server that runs"
        self.passwords.append((user, password))

    def stop(self) -> None:
        assert self._listener is not None
        self._listener.shutdown()
        self._listener.server_close()
        self._listener = None

    def upgrade(self, major: str) -> bool:
        assert self.runs, "an upgrade begins awake"
        if self.endpoint:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.endpoint), timeout=5)
        if self.broken:
            raise ServerError("it is not upgraded")
        self.stop()
        self.start()
        self.majors.append(major)
        return True

    @property
    def runs(self) -> bool:
        return self._listener is not None


@pytest.fixture
def server() -> Echoes:
    return Echoes()


@pytest.fixture
def sleeper(server: Echoes) -> Iterator[Sleeper]:
    found = Sleeper(server)
    found.pause_after = 0.1
    found.start()
    yield found
    found.stop()


def connected(sleeper: Sleeper) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sleeper.port), timeout=5)


def echoed(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    found = b""
    while len(found) < len(text) and (data := client.recv(65_536)):
        found += data
    return found


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_it_sleeps_without_a_connection_and_wakes_for_one(server: Echoes, sleeper: Sleeper) -> None:
    assert soon(lambda: sleeper.asleep)
    assert not server.runs

    with closing(connected(sleeper)) as client:
        assert echoed(client, b"hello") == b"hello"
        assert server.starts == 2
    assert soon(lambda: not server.runs)


def test_a_connection_keeps_it_awake_that_sends_nothing(server: Echoes, sleeper: Sleeper) -> None:
    with closing(connected(sleeper)) as client:
        assert echoed(client, b"once") == b"once"
        time.sleep(0.4)
        assert server.runs
        assert echoed(client, b"again") == b"again"
    assert server.starts == 1


def test_it_never_sleeps_without_a_time(server: Echoes, sleeper: Sleeper) -> None:
    sleeper.pause_after = None
    sleeper.wake()
    time.sleep(0.3)
    assert server.runs


def test_a_stop_closes_the_endpoint_and_keeps_its_sleep(server: Echoes, sleeper: Sleeper) -> None:
    assert soon(lambda: sleeper.asleep)
    sleeper.stop()
    with pytest.raises(ConnectionRefusedError):
        connected(sleeper)

    sleeper.start()
    assert not server.runs, "a snapshot stops and starts it, and wakes nobody"
    with closing(connected(sleeper)) as client:
        assert echoed(client, b"hello") == b"hello"


def test_a_password_is_changed_awake(server: Echoes, sleeper: Sleeper) -> None:
    assert soon(lambda: sleeper.asleep)
    sleeper.set_password("dbadmin", "new")
    assert server.passwords == [("dbadmin", "new")]


def test_an_upgrade_wakes_it_and_takes_nobody_until_it_is_done(server: Echoes, sleeper: Sleeper) -> None:
    assert soon(lambda: sleeper.asleep)
    sleeper.pause_after = None
    server.endpoint = sleeper.port

    assert sleeper.upgrade("17")

    assert server.majors == ["17"]
    assert server.runs
    assert not sleeper.asleep
    with closing(connected(sleeper)) as client:
        assert echoed(client, b"hello") == b"hello"


def test_an_upgrade_that_fails_opens_the_endpoint_again(server: Echoes, sleeper: Sleeper) -> None:
    sleeper.wake()
    server.broken = True
    with pytest.raises(ServerError, match="not upgraded"):
        sleeper.upgrade("17")
    server.broken = False
    with closing(connected(sleeper)) as client:
        assert echoed(client, b"hello") == b"hello"


def test_a_server_that_does_not_start_closes_the_connection(server: Echoes, sleeper: Sleeper) -> None:
    assert soon(lambda: sleeper.asleep)
    server.broken = True
    with closing(connected(sleeper)) as client:
        assert client.recv(1) == b""
    server.broken = False
    with closing(connected(sleeper)) as client:
        assert echoed(client, b"hello") == b"hello"


def test_each_change_is_reported(server: Echoes, sleeper: Sleeper) -> None:
    reports: list[tuple[bool, int]] = []
    sleeper.report = lambda awake, connections: reports.append((awake, connections))
    assert soon(lambda: (False, 0) in reports)
    with closing(connected(sleeper)) as client:
        echoed(client, b"hello")
    assert reports[-1] == (True, 1)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.binary(min_size=1, max_size=100_000), min_size=1, max_size=4))
def test_every_byte_passes_both_ways_in_order(texts: list[bytes]) -> None:
    sleeper = Sleeper(Echoes())
    sleeper.start()
    try:
        with closing(connected(sleeper)) as client:
            for text in texts:
                threading.Thread(target=client.sendall, args=(text,), daemon=True).start()
                found = b""
                while len(found) < len(text):
                    found += client.recv(65_536)
                assert found == text
    finally:
        sleeper.stop()
