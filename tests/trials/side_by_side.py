"""Scenes of a trial that are played side by side in one sandbox."""

import threading
from collections.abc import Callable
from typing import Any

from tests.e2e.running import Sandbox

Scene = Callable[[Sandbox], dict[str, Any]]


def play(sandbox: Sandbox, *scenes: Scene) -> dict[str, dict[str, Any]]:
    """What each scene saw, by its name; raises the first failure, once all have ended."""
    found: dict[str, dict[str, Any]] = {}
    problems: list[BaseException] = []

    def one(scene: Scene) -> None:
        try:
            found[scene.__name__] = scene(sandbox)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=one, args=(scene,)) for scene in scenes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return found
