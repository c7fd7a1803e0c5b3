"""A keyring in a file, as the real backends are: a class that is made without arguments."""

import json
import os
import time
from pathlib import Path


class Keyring:
    """Keeps passwords in the file that SMALL_KEYRING names; `locked` never answers in time."""

    priority = 5

    def _read(self) -> dict[str, str]:
        if os.environ["SMALL_KEYRING"] == "locked":
            time.sleep(0.5)
        path = Path(os.environ["SMALL_KEYRING"])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, content: dict[str, str]) -> None:
        Path(os.environ["SMALL_KEYRING"]).write_text(json.dumps(content))

    def get_password(self, service: str, name: str) -> str | None:
        return self._read().get(f"{service} {name}")

    def set_password(self, service: str, name: str, password: str) -> None:
        self._write(self._read() | {f"{service} {name}": password})

    def delete_password(self, service: str, name: str) -> None:
        content = self._read()
        del content[f"{service} {name}"]
        self._write(content)
