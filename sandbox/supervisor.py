"""Starts the whole system on this machine, keeps it running, and takes it down."""

import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox import foundation, network, stack
from sandbox.aws import start as aws
from sandbox.aws.fleet import missing_engines
from sandbox.aws.servers import free_port
from sandbox.circleci import start as circleci
from sandbox.cloud import Cloud
from sandbox.event_receiver import EventReceiver
from sandbox.github import control
from sandbox.github import start as github
from sandbox.github.start import GitHub
from sandbox.processes import Processes, ProcessFailed
from sandbox.progress import Progress
from sandbox.state_directory import StateDirectory

REPOSITORY = "acme/databases"


class Supervisor:
    """One sandbox: its processes, and what the outside needs to know of them."""

    def __init__(self, directory: StateDirectory) -> None:
        self._directory = directory
        self._began = time.monotonic()
        self._processes = Processes(directory.logs)
        # In /tmp, because the database servers step down from root and must reach their data.
        self._temporary = Path(tempfile.mkdtemp(prefix="rds-provisioner-"))
        self._ports = {name: wanted_port(name) for name in ("aws", "github", "circleci")}
        self._cloud = Cloud(self._ports["aws"])
        self._circleci_url = circleci.url(self._ports["circleci"])
        self._receiver = EventReceiver(directory.path / "events.jsonl")
        self._progress = Progress(directory.progress)
        self._end = threading.Event()
        self._foundation: Future[None] = Future()
        self._write({"ready": False})

    def bring_up(self) -> None:
        """Start everything, side by side where one thing does not need the other."""
        # What the parts write to temporary files goes with this directory.
        os.environ["TMPDIR"] = str(aws.temporary(self._temporary))
        pool = ThreadPoolExecutor(max_workers=3)
        try:
            built = pool.submit(self._build)
            hosted = pool.submit(self._start_github)
            with self._progress.step("starting AWS", "AWS answers"):
                aws.start(self._cloud, self._processes, self._temporary)
            place = network.make(self._cloud)
            self._foundation = pool.submit(self._apply_foundation, place)
            built.result()
            host = hosted.result()
            deployed = self._deploy(host, place)
            self._wait_for_foundation()
        except BaseException:
            # What still runs in the pool is of no use any more.
            self._processes.stop()
            raise
        finally:
            pool.shutdown(wait=False)
        self._start_circleci(host)
        self._connect(host, deployed)
        self._publish(host, deployed)

    def keep_up(self, *, with_parent: bool) -> None:
        """Return when asked to end. Raises ProcessFailed when a part of the sandbox dies."""
        parent = os.getppid()
        while not self._end.wait(0.5):
            self._processes.check()
            if self._foundation.done() and not self._directory.read().get("foundation_applied"):
                self._foundation.result()
                self._directory.write(self._directory.read() | {"foundation_applied": True})
            if with_parent and os.getppid() != parent:
                return

    def end(self, *_: object) -> None:
        self._end.set()

    def take_down(self, why: str) -> None:
        """Stop everything, and say why to whoever asks later."""
        self._write({"ready": False, "ended": why})
        self._progress.close()
        self._processes.stop()
        self._receiver.stop()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _build(self) -> None:
        with self._progress.step("building the functions", "the functions are built (sam build)"):
            stack.build(self._processes)

    def _start_github(self) -> GitHub:
        with self._progress.step("starting GitHub", "GitHub has the work tree, and an App"):
            return github.start(
                self._processes,
                self._directory.path,
                port=self._ports["github"],
                repository=REPOSITORY,
                secret=secrets.token_hex(20),
            )

    def _apply_foundation(self, place: network.Network) -> None:
        with self._progress.step("applying the foundation", "the foundation is applied to the last rule"):
            foundation.apply(
                self._cloud,
                self._processes,
                self._directory.path / "foundation",
                place,
                repository=REPOSITORY,
            )

    def _deploy(self, host: GitHub, place: network.Network) -> stack.Deployed:
        done = "the stack is deployed (sam deploy), teams alpha and beta have keys"
        with self._progress.step("deploying the stack", done):
            deployed = stack.deploy(
                self._cloud,
                self._processes,
                host,
                place,
                events_url=self._receiver.url,
                circleci_url=self._circleci_url,
            )
        self._receiver.secret = deployed.events_secret
        return deployed

    def _wait_for_foundation(self) -> None:
        with self._progress.step("waiting for the foundation", "the foundation is usable (terraform apply)"):
            while not (self._foundation.done() or foundation.is_usable(self._cloud)):
                time.sleep(0.5)
            if self._foundation.done():
                self._foundation.result()

    def _start_circleci(self, host: GitHub) -> None:
        with self._progress.step("starting CircleCI", "CircleCI listens"):
            circleci.start(
                self._processes,
                self._directory.path,
                port=self._ports["circleci"],
                github=host,
                variables=circleci.project_variables(self._cloud),
            )

    def _connect(self, host: GitHub, deployed: stack.Deployed) -> None:
        """Register the webhooks of the App and of CircleCI."""
        targets = {
            f"{deployed.api_url}/webhooks/github": deployed.webhook_secret,
            f"{self._circleci_url}/webhooks/github": host.webhook_secret,
        }
        for target, secret in targets.items():
            control.register_webhook(host.url, target, secret)

    def _publish(self, host: GitHub, deployed: stack.Deployed) -> None:
        """Say where everything is: for shells and programs."""
        self._directory.write_environment(
            {
                "RDSCTL_URL": deployed.api_url,
                "RDSCTL_API_KEY": deployed.keys["alpha"],
                "RDSCTL_API_KEY_OTHER": deployed.keys["beta"],
                "RDSCTL_API_KEY_OPERATOR": deployed.keys["operators"],
                "GITHUB_API_URL": host.url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_TOKEN": host.administrator_token,
                "CIRCLECI_URL": self._circleci_url,
                **self._cloud.variables,
            }
        )
        self._directory.write_command_line()
        self._write(
            {
                "ready": True,
                "seconds": round(time.monotonic() - self._began, 1),
                "api_url": deployed.api_url,
                "api_key": deployed.keys["alpha"],
                "other_api_key": deployed.keys["beta"],
                "operator_api_key": deployed.keys["operators"],
                "aws_url": self._cloud.endpoint,
                "github_url": host.url,
                "circleci_url": self._circleci_url,
                "events": str(self._receiver.file),
            }
        )

    def _write(self, state: dict[str, Any]) -> None:
        always = {
            "process": os.getpid(),
            "ports": self._ports,
            "repository": REPOSITORY,
            "missing_engines": missing_engines(),
            "temporary": [str(self._temporary)],
        }
        self._directory.write(always | state)


def supervise(directory: StateDirectory, *, with_parent: bool) -> int:
    """Run a sandbox until SIGTERM; the exit status."""
    lock = directory.lock()
    if lock is None:
        print("a sandbox runs here already", file=sys.stderr)
        return 3
    supervisor = Supervisor(directory)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupt)
    why = "it was stopped"
    try:
        supervisor.bring_up()
        signal.signal(signal.SIGTERM, supervisor.end)
        supervisor.keep_up(with_parent=with_parent)
    except ProcessFailed as failure:
        why = str(failure)
        print(why, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BaseException as problem:
        why = f"the supervisor failed: {problem!r}; see {directory.logs / 'sandbox.log'}"
        raise
    finally:
        supervisor.take_down(why)
        lock.close()
    return 0


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def wanted_port(name: str) -> int:
    """A free port, unless SANDBOX_AWS_PORT, SANDBOX_GITHUB_PORT or SANDBOX_CIRCLECI_PORT says which."""
    return int(os.environ.get(f"SANDBOX_{name.upper()}_PORT") or free_port())
