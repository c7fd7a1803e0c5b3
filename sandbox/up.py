"""Brings the whole system up on this machine, keeps it up, and takes it down."""

import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox import cloud as aws
from sandbox import continuous, hosting, stack
from sandbox.aws.fleet import missing_engines
from sandbox.aws.servers import free_port
from sandbox.cloud import Cloud
from sandbox.listener import Listener
from sandbox.place import Place
from sandbox.processes import Processes, ProcessFailed

REPOSITORY = "acme/databases"


class Supervisor:
    """One sandbox: its processes, and what the outside needs to know of them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._began = time.monotonic()
        self._processes = Processes(place.logs)
        # In /tmp, because the database servers step down from root and must reach their data.
        self._temporary = Path(tempfile.mkdtemp(prefix="rds-provisioner-"))
        self._ports = {name: wanted_port(name) for name in ("aws", "github", "circleci")}
        # What the parts write to temporary files goes with this directory.
        os.environ["TMPDIR"] = str(aws.temporary(self._temporary))
        self._listener = Listener(place.directory / "events.jsonl")
        self._end = threading.Event()
        self._foundation: Future[None] = Future()
        place.write(self._state())

    def bring_up(self) -> None:
        """Start everything, side by side where one thing does not need the other."""
        cloud = Cloud(self._ports["aws"])
        pool = ThreadPoolExecutor(max_workers=4)
        try:

            def begin(text: str, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
                return pool.submit(self._told, text, work, *arguments)

            built = begin("the functions are built (sam build)", stack.build, self._processes)
            hosted = begin(
                "GitHub has the work tree, and an App",
                lambda: hosting.start(
                    self._processes,
                    self._place.directory,
                    port=self._ports["github"],
                    repository=REPOSITORY,
                    secret=secrets.token_hex(20),
                ),
            )
            self._told("AWS answers", aws.start, cloud, self._processes, self._temporary)
            self._foundation = begin(
                "the foundation is laid to the last rule",
                lambda: aws.lay_foundation(
                    cloud, self._processes, self._place.directory / "foundation", repository=REPOSITORY
                ),
            )
            built.result()
            github = hosted.result()
            deployed = self._told(
                "the stack is deployed (sam deploy), teams alpha and beta have keys",
                lambda: stack.deploy(
                    cloud,
                    self._processes,
                    github,
                    events_url=self._listener.url,
                    circleci_url=continuous.url(self._ports["circleci"]),
                ),
            )
            self._listener.secret = deployed.events_secret
            self._told("the foundation carries (terraform apply)", self._wait_for_foundation, cloud)
        except BaseException:
            # What still runs in the pool is of no use any more.
            self._processes.stop()
            raise
        finally:
            pool.shutdown(wait=False)
        continuous.start(
            self._processes,
            self._place.directory,
            port=self._ports["circleci"],
            github=github,
            variables=continuous.project_variables(cloud),
        )
        self._say("CircleCI listens")
        hosting.register_webhook(github, f"{deployed.api_url}/webhooks/github", deployed.webhook_secret)
        hosting.register_webhook(
            github, f"{continuous.url(self._ports['circleci'])}/webhooks/github", github.webhook_secret
        )
        self._reap_regularly(cloud)
        self._publish(cloud, github, deployed)

    def keep_up(self, *, with_parent: bool) -> None:
        """Return when asked to end. Raises ProcessFailed when a part of the sandbox dies."""
        parent = os.getppid()
        while not self._end.wait(0.5):
            self._processes.check()
            if self._foundation.done():
                self._foundation.result()
            if with_parent and os.getppid() != parent:
                return

    def end(self, *_: object) -> None:
        self._end.set()

    def take_down(self) -> None:
        self._processes.stop()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _publish(self, cloud: Cloud, github: hosting.GitHub, deployed: stack.Deployed) -> None:
        """Say where everything is: for people and programs."""
        self._place.write_environment(
            {
                "RDSCTL_URL": deployed.api_url,
                "RDSCTL_API_KEY": deployed.keys["alpha"],
                "RDSCTL_API_KEY_OTHER": deployed.keys["beta"],
                "GITHUB_API_URL": github.url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "CIRCLECI_URL": continuous.url(self._ports["circleci"]),
                **cloud.variables,
            }
        )
        self._place.write(
            {
                **self._state(),
                "ready": True,
                "seconds": round(time.monotonic() - self._began, 1),
                "api_url": deployed.api_url,
                "api_key": deployed.keys["alpha"],
                "other_api_key": deployed.keys["beta"],
                "aws_url": cloud.endpoint,
                "github_url": github.url,
                "circleci_url": continuous.url(self._ports["circleci"]),
                "events": str(self._listener.file),
            }
        )

    def _state(self) -> dict[str, Any]:
        return {
            "process": os.getpid(),
            "ready": False,
            "ports": self._ports,
            "repository": REPOSITORY,
            "missing_engines": missing_engines(),
            "temporary": [str(self._temporary)],
        }

    def _wait_for_foundation(self, cloud: Cloud) -> None:
        while not (self._foundation.done() or aws.is_usable(cloud)):
            time.sleep(0.5)
        if self._foundation.done():
            self._foundation.result()

    def _told(self, text: str, work: Callable[..., Any], *arguments: Any) -> Any:
        result = work(*arguments)
        self._say(text)
        return result

    def _say(self, text: str) -> None:
        with self._place.progress.open("a") as file:
            file.write(text + "\n")

    def _reap_regularly(self, cloud: Cloud) -> None:
        """Run the scheduled function once a minute: MiniStack was not seen to fire rate schedules."""

        def loop() -> None:
            while not self._end.wait(60):
                stack.reap(cloud)

        threading.Thread(target=loop, daemon=True).start()


def supervise(place: Place, *, with_parent: bool) -> int:
    """Run a sandbox until SIGTERM; the exit status."""
    lock = place.lock()
    if lock is None:
        print("a sandbox runs here already", file=sys.stderr)
        return 3
    supervisor = Supervisor(place)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        supervisor.bring_up()
        signal.signal(signal.SIGTERM, supervisor.end)
        supervisor.keep_up(with_parent=with_parent)
    except ProcessFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        supervisor.take_down()
        lock.close()
    return 0


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def wanted_port(name: str) -> int:
    """A free port, unless SANDBOX_AWS_PORT, SANDBOX_GITHUB_PORT or SANDBOX_CIRCLECI_PORT says which."""
    return int(os.environ.get(f"SANDBOX_{name.upper()}_PORT") or free_port())
