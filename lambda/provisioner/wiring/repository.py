"""The repository on GitHub, and the pipeline that runs on it."""

from provisioner.circleci import CircleCi, CircleCiAccess
from provisioner.github.app import GitHubApp
from provisioner.github.client import GitHub
from provisioner.settings import kept, secret, setting


@kept
def github() -> GitHub:
    """The repository, through the App's installation."""
    app = GitHubApp(
        app_id=setting("GITHUB_APP_ID"),
        installation_id=setting("GITHUB_INSTALLATION_ID"),
        private_key=lambda: secret("GITHUB_APP_KEY_SECRET_ARN"),
    )
    return GitHub(setting("GITHUB_API_URL", "https://api.github.com"), setting("GITHUB_REPOSITORY"), app)


def circleci() -> CircleCi | None:
    """CircleCI's API, where the stack was given a token for it."""
    if not setting("CIRCLECI_SECRET_ARN", ""):
        return None
    return CircleCi(CircleCiAccess.parse(secret("CIRCLECI_SECRET_ARN")))
