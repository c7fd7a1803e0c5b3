"""Where a team receives word: the catalog's `notify`."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from provisioner.core.owner import domain_of

# Below it, and nowhere else, the notifier may read secrets. So no environment bears this name, whose users'
# secrets would lie there.
RESERVED: Final = "notify"
SECRETS: Final = f"rds-provisioner/{RESERVED}/"
# How the last parts of the names of users' secrets begin, by which IAM tells them apart.
_USERS: Final = ("application", "read_only")


def _channel(text: str) -> str:
    if any(part.startswith(_USERS) for part in text.split("/")[3:]):
        raise ValueError(f"no part may begin with {' or '.join(_USERS)}, as secrets of databases' users do")
    return text


def _address(text: str) -> str:
    if domain_of(text) is None:
        raise ValueError("write one address, such as orders@example.com")
    return text


class Channels(BaseModel):
    """A team's channels: Slack by the name of the secret with its webhook's address, and a mail address.

    The names are those that Secrets Manager takes without one that looks like the end of an ARN:
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    slack: (
        Annotated[
            str,
            Field(max_length=256, pattern=rf"^{SECRETS}[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"),
            AfterValidator(_channel),
        ]
        | None
    ) = None
    email: Annotated[str, AfterValidator(_address)] | None = None
