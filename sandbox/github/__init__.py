"""A GitHub for one machine: the REST calls and webhooks that the product uses, on a real git repository."""

from sandbox.github.server import GitHubServer

__all__ = ["GitHubServer"]
