"""⑦ The door to SES: one mail of plain text to one address.

What it refuses with: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
Subject and address are fields of a call, out of which SES writes the headers; both are one line all the same.
"""

from typing import Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)

from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.core.owner import domain_of
from provisioner.notifier.faults import Unclear
from provisioner.notifier.message import Message, cut, one_line
from provisioner.notifier.plain import plain

# Well below the 998 characters of a line: https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
LONGEST_SUBJECT: Final = 200
_DOING: Final = "sending a mail"
_SLOWLY: Final = {"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling"}
_FIXES: Final = {
    "MessageRejected": "verify sender and recipient while SES is in its sandbox, or ask AWS to leave it",
    "MailFromDomainNotVerifiedException": "verify the sender's domain in SES",
    "NotFoundException": "verify the sender in SES, in this region",
    "AccountSuspendedException": "ask AWS why SES is suspended",
    "SendingPausedException": "switch sending on again in SES",
    "AccessDeniedException": "check NotifyFrom and NotifyDomains of the stack",
}


class Mail:
    """Sends from one address to those of `domains`; `client` is botocore's for SES, which tries once."""

    def __init__(self, client: Any, sender: str, domains: frozenset[str]) -> None:
        self._client, self._sender, self._domains = client, sender, domains

    def send(self, address: str, message: Message) -> None:
        """Send one message; raises TryLater, RateLimited, Unclear or NeedsPerson."""
        if not self._sender:
            raise NeedsPerson(_DOING, "the stack has no sender", "deploy it with NotifyFrom")
        if domain_of(address) not in self._domains:
            raise NeedsPerson(
                _DOING,
                f"{one_line(address)} has none of the domains that mail may go to",
                "correct it in the catalog, or deploy the stack with its domain in NotifyDomains",
            )
        subject = {"Data": cut(one_line(message.title), LONGEST_SUBJECT), "Charset": "UTF-8"}
        body = {"Text": {"Data": plain(message), "Charset": "UTF-8"}}
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [address]},
                Content={"Simple": {"Subject": subject, "Body": body}},
            )
        except ClientError as error:
            raise _refusal(error) from None
        except (EndpointConnectionError, ConnectTimeoutError, NoCredentialsError) as error:
            raise TryLater(_DOING, type(error).__name__) from None
        except BotoCoreError as error:
            raise Unclear(_DOING, type(error).__name__) from None


def _refusal(error: ClientError) -> TryLater | NeedsPerson:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _SLOWLY:
        return RateLimited(_DOING, f"SES answered {code}", 60)
    if status >= 500:
        return TryLater(_DOING, f"SES answered {code}")
    said = cut(one_line(error.response["Error"].get("Message", "")), 200)
    return NeedsPerson(_DOING, f"SES answered {code}: {said}", _FIXES.get(code, "look at the notifier's log"))
