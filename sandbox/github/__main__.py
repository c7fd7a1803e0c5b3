"""`python -m sandbox.github`: serve a bare repository as GitHub would, until stopped."""

import argparse
import json
import signal
import threading
from pathlib import Path

from sandbox.github.server import GitHubServer


def main() -> None:
    """Start, say where in a JSON file, and wait."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bare", type=Path, required=True, help="the bare repository to serve")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--repository", default="acme/databases", help="owner/name")
    parser.add_argument("--secret", default="sandbox", help="what webhooks are signed with")
    parser.add_argument(
        "--state", type=Path, required=True, help="where to write what the product needs to know"
    )
    arguments = parser.parse_args()
    owner, _, name = arguments.repository.partition("/")
    server = GitHubServer(
        arguments.bare, port=arguments.port, owner=owner, name=name, secret=arguments.secret
    )
    server.app.permissions["issues"] = "write"  # as the sandbox's stack is deployed with DriftIssues
    server.start()
    state = {
        "url": server.url,
        "repository": server.repository,
        "clone_url": server.clone_url,
        "app_id": server.app_id,
        "installation_id": server.installation_id,
        "private_key_pem": server.private_key_pem,
        "webhook_secret": server.webhook_secret,
        "administrator_token": server.hub.organization.owner_token,
    }
    arguments.state.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    stopped = threading.Event()
    for name_of_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name_of_signal, lambda *_: stopped.set())
    stopped.wait()
    server.stop()


if __name__ == "__main__":
    main()
