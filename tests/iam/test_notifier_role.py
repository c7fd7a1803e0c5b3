"""What the notifier may do on AWS, decided by a simulation of IAM over the template's policies."""

from pathlib import Path
from typing import Any, Final

from tests.iam.deployed import HERE, LEDGER, SECRET, Deployed, of_key
from tests.iam.simulation import Call

IDENTITY: Final = f"arn:aws:ses:{HERE}:identity/acme.example"
PARAMETERS: Final = {"NotifyFrom": "rds@acme.example", "NotifyDomains": "acme.example,acme.test"}


def mail(sender: str, *recipients: str) -> dict[str, Any]:
    return {"ses:FromAddress": sender, "ses:Recipients": list(recipients)}


OURS: Final = PARAMETERS["NotifyFrom"]
ALLOWED: Final = [
    Call("dynamodb:GetItem", LEDGER),
    Call("dynamodb:BatchGetItem", LEDGER),
    Call("dynamodb:Query", f"{LEDGER}/index/due"),
    Call("dynamodb:Query", f"{LEDGER}/index/listing"),
    Call("dynamodb:PutItem", LEDGER, of_key("SAID#0b5e2a6c")),
    Call("dynamodb:PutItem", LEDGER, of_key("CHANNELS")),
    Call("sqs:ChangeMessageVisibility", f"arn:aws:sqs:{HERE}:NotifierQueue"),
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds-provisioner/notify/alpha-a1B2c3"),
    Call("ses:SendEmail", IDENTITY, mail(OURS, "jane@acme.example")),
    Call("ses:SendEmail", IDENTITY, mail(OURS, "jane@acme.test")),
]
DENIED: Final = [
    Call("dynamodb:PutItem", LEDGER, of_key("REQ#1")),
    Call("dynamodb:PutItem", LEDGER, of_key("KEY#a1b2")),
    Call("dynamodb:UpdateItem", LEDGER, of_key("SAID#1")),
    Call("dynamodb:DeleteItem", LEDGER, of_key("SAID#1")),
    Call("dynamodb:Scan", f"{LEDGER}/index/listing"),
    Call("sqs:SendMessage", f"arn:aws:sqs:{HERE}:NotifierQueue"),
    Call("sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:RequestQueue"),
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds-provisioner/prod/orders/application-a1B2c3"),
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds!db-1"),
    Call("secretsmanager:PutSecretValue", f"{SECRET}rds-provisioner/notify/alpha-a1B2c3"),
    Call("ses:SendEmail", IDENTITY, mail("ceo@acme.example", "jane@acme.example")),
    Call("ses:SendEmail", IDENTITY, mail(OURS, "jane@evil.example")),
    Call("ses:SendEmail", IDENTITY, mail(OURS, "jane@acme.example", "jane@evil.example")),
    Call("ses:SendEmail", IDENTITY, mail(OURS, "jane@sub.acme.example.evil")),
    Call("ses:SendRawEmail", IDENTITY, mail(OURS, "jane@acme.example")),
    Call("sns:Publish", f"arn:aws:sns:{HERE}:rds-provisioner-requests"),
]


def test_the_notifier_does_its_work_and_nothing_else(simulator: Path) -> None:
    Deployed(PARAMETERS).assert_may(simulator, "NotifierRole", ALLOWED, DENIED)
