"""A release on the local GitHub: another product on main, the same databases."""

import subprocess
from pathlib import Path

from sandbox.github import control
from tests.github.github_server import github_server


def test_a_release_replaces_the_product_keeps_the_databases_and_is_reported(tmp_path: Path) -> None:
    project = tmp_path / "project"
    files = {
        "pipeline/new.py": "new\n",
        "terraform/databases/README.md": "About\n",
        "terraform/databases/dev/theirs/main.tf": "theirs\n",
    }
    for path, text in files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    with github_server(tmp_path) as server:
        before = server.users.push("main", "pipeline/old.py", b"old\n", "Earlier")
        before = server.users.push("main", "terraform/databases/dev/ours/main.tf", b"ours\n", "A database")
        server.add_webhook("http://localhost:9/")  # nobody is there; what was to be delivered is kept

        after = control.release(server.url, tmp_path / "repository.git", project)

        listed = server.git.git("ls-tree", "-r", "--name-only", "main").split()
        assert listed == [
            "pipeline/new.py",
            "terraform/databases/README.md",
            "terraform/databases/dev/ours/main.tf",
        ]
        assert server.git.head("main") == after
        server.webhooks.settle()
        assert server.git.git("rev-parse", f"{after}^").strip() == before
        (pushed,) = [sent for sent in server.webhooks.deliveries if sent["event"] == "push"]
        assert f'"after": "{after}"' in pushed["body"].replace('":"', '": "')
