"""Reads GitHub as the App, as its installation on the repository, or as a repository's administrator."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core.errors import NeedsPerson
from provisioner.github.app import GitHubApp

from ops.doctor.deployment import Deployment
from ops.doctor.http import Answer
from ops.doctor.verdict import NotLooked, Wrong

_FAR: Final = "9999-12-31T00:00:00+00:00"
_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


@dataclass(frozen=True)
class GitHubApi:
    """GitHub, as the deployment's parameters and secrets name it."""

    deployment: Deployment

    @property
    def url(self) -> str:
        """Where its API is."""
        return self.deployment.stack.parameters.get("GitHubApiUrl") or "https://api.github.com"

    def as_app(self, path: str) -> Any:
        """What GitHub answers the App itself; raises Wrong where it does not know the App."""
        answer = self._get(path, self._jwt)
        if answer.status in (401, 404):
            raise Wrong(
                f"GitHub answered {answer.status} to App {self._parameter('GitHubAppId')}: check "
                "GitHubAppId, GitHubInstallationId and the key in Secrets Manager (steps 2 and 6)"
            )
        return _content(answer, path)

    def as_installation(self, path: str) -> Answer:
        """What GitHub answers the App on the repository."""
        return self._get(f"/repos/{self.deployment.repository}{path}", self._installation)

    def as_administrator(self, path: str, what_for: str) -> Any:
        """What GitHub answers whose token is in GITHUB_TOKEN; raises NotLooked without it."""
        token = self.deployment.token("GITHUB_TOKEN", what_for)
        return _content(self._get(f"/repos/{self.deployment.repository}{path}", token), path)

    @functools.cached_property
    def _jwt(self) -> str:
        found: list[str] = []

        def keep(_: str, jwt: str) -> tuple[str, str]:
            found.append(jwt)
            return "", _FAR

        self._app().token(keep)
        return found[0]

    @functools.cached_property
    def _installation(self) -> str:
        return self._app().token(self._buy)

    def _buy(self, installation: str, jwt: str) -> tuple[str, str]:
        answer = self._call("POST", f"/app/installations/{installation}/access_tokens", jwt)
        if answer.status != 201:
            raise Wrong(
                f"GitHub answered {answer.status} to installation {installation} of the App: check "
                "GitHubInstallationId, and that the App is installed on the repository and not suspended"
            )
        return str(answer.content["token"]), str(answer.content["expires_at"])

    def _app(self) -> GitHubApp:
        stack = self.deployment.stack
        secrets = self.deployment.client("secretsmanager")
        arn = stack.output("GitHubAppKeySecretArn")
        try:
            key = str(secrets.get_secret_value(SecretId=arn)["SecretString"])
        except secrets.exceptions.ResourceNotFoundException as error:
            raise NotLooked("the App's key is not set") from error
        app = GitHubApp(self._parameter("GitHubAppId"), self._parameter("GitHubInstallationId"), lambda: key)
        try:
            app.token(lambda _, __: ("", _FAR))
        except NeedsPerson as error:
            raise NotLooked("the App's key cannot be read") from error
        app.forget()
        return app

    def _parameter(self, name: str) -> str:
        return self.deployment.stack.parameters.get(name, "")

    def _get(self, path: str, token: str) -> Answer:
        return self._call("GET", path, token)

    def _call(self, method: str, path: str, token: str) -> Answer:
        headers: Mapping[str, str] = {**_HEADERS, "Authorization": f"Bearer {token}"}
        return self.deployment.http(method, self.url + path, headers)


def _content(answer: Answer, path: str) -> Any:
    if answer.status != 200:
        raise NotLooked(f"GitHub answered {answer.status} to {path}: {message(answer)}")
    return answer.content


def message(answer: Answer) -> str:
    """GitHub's own words."""
    return str(answer.content.get("message", "")) if isinstance(answer.content, Mapping) else ""
