"""A database server that sleeps, as Aurora Serverless v2 does: a small TCP proxy stands before it.

Without a connection for a while the server ends; the next one starts it again, waits, and goes through. What
a client says is passed on as it is, TLS included, so that a failed login wakes the server like any other.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from sandbox.aws.servers import Server, ServerError, free_port

log = logging.getLogger("sandbox.sleeping")

T = TypeVar("T")

HOST = "127.0.0.1"
# How often a metric of the same value is reported, as CloudWatch has it.
REPORT_SECONDS = 60.0


class Sleeper:
    """A server with the proxy before it; `port` is the proxy's.

    `pause_after` is the time in seconds without a connection after which the server sleeps, None for never.
    `report` takes whether it is awake and how many connections there are: at each change, and each minute.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.directory = server.directory
        self.port = free_port()
        self.pause_after: float | None = None
        self.report: Callable[[bool, int], None] = lambda _awake, _connections: None
        self.asleep = False
        self._running = False
        self._connections = 0
        self._quiet_since = self._reported = 0.0
        self._lock = threading.RLock()
        self._listener: asyncio.Server
        self._watcher: asyncio.Task[None]

    def start(self) -> None:
        """Open the endpoint. A server that slept when it was stopped goes on sleeping."""
        with self._lock:
            if self._running:
                return
            if not self.asleep:
                self._server.start()
            self._running = True
            self._quiet_since = time.monotonic()
            run(self._open())
        self._say()

    def stop(self) -> None:
        """Close the endpoint and end the server."""
        with self._lock:
            if not self._running:
                return
            self._running = False
            run(self._close())
            if not self.asleep:
                self._server.stop()

    def wake(self) -> None:
        """Start the server where it sleeps; raises ServerError where it does not start."""
        with self._lock:
            self._quiet_since = time.monotonic()
            if not self.asleep:
                return
            self._server.start()
            self.asleep = False
        self._say()

    def set_password(self, user: str, password: str) -> None:
        """Change a user's password, for which the server must be awake."""
        with self._lock:
            self.wake()
            self._server.set_password(user, password)

    def upgrade(self, major: str) -> bool:
        """Wake the server and upgrade it; its endpoint takes nobody meanwhile, and it is awake afterwards."""
        with self._lock:
            self.wake()
            if not self._running:
                return self._server.upgrade(major)
            run(self._close())
            try:
                return self._server.upgrade(major)
            finally:
                self._quiet_since = time.monotonic()
                run(self._open())

    def _doze(self) -> None:
        """Let the server sleep where nobody is connected."""
        with self._lock:
            quiet = time.monotonic() - self._quiet_since
            if self.asleep or not self._running or self._connections or self.pause_after is None:
                return
            if quiet < self.pause_after:
                return
            self._server.stop()
            self.asleep = True
        self._say()

    def _say(self) -> None:
        self._reported = time.monotonic()
        self.report(not self.asleep, self._connections)

    async def _open(self) -> None:
        self._listener = await asyncio.start_server(self._serve, HOST, self.port)
        self._watcher = asyncio.create_task(self._watch())

    async def _close(self) -> None:
        self._watcher.cancel()
        self._listener.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, (self.pause_after or 10) / 10))
            await asyncio.to_thread(self._doze)
            if time.monotonic() - self._reported > REPORT_SECONDS:
                self._say()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._connections += 1
        to_server: asyncio.StreamWriter | None = None
        try:
            await asyncio.to_thread(self.wake)
            server, to_server = await asyncio.open_connection(HOST, self._server.port)
            pumps = [
                asyncio.create_task(pump(client, to_server)),
                asyncio.create_task(pump(server, to_client)),
            ]
            _, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
        except (ServerError, OSError) as problem:
            log.warning("a connection to port %s was not passed on: %s", self.port, problem)
        finally:
            self._connections -= 1
            self._quiet_since = time.monotonic()
            for writer in (to_client, to_server):
                if writer is not None:
                    writer.close()


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes until one side ends."""
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run something on the proxies' loop, and wait for it."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(30)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all proxies of the process, in its own thread."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="sleepers", daemon=True).start()
    return loop
