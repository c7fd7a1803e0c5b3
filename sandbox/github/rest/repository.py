"""The repository itself."""

from sandbox.github.hub import Hub
from sandbox.github.rest.call import Answer, Call


def get_repository(hub: Hub, call: Call) -> Answer:
    return 200, hub.shapes.repository()
