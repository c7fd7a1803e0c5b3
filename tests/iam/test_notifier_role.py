"""What the notifier may do on AWS, decided by a simulation of IAM over the template's policies."""

from pathlib import Path
from typing import Any, Final

from tests.iam.simulation import ACCOUNT, Call, decide
from tests.template.stack import statements

HERE: Final = f"eu-central-1:{ACCOUNT}"
LEDGER: Final = f"arn:aws:dynamodb:{HERE}:table/Ledger"
SECRET: Final = f"arn:aws:secretsmanager:{HERE}:secret:"
IDENTITY: Final = f"arn:aws:ses:{HERE}:identity/acme.example"
SERVICES: Final = {"Ledger": LEDGER, "NotifierLogs": f"arn:aws:logs:{HERE}:log-group:notifier"}
PARAMETERS: Final = {"NotifyFrom": "rds@acme.example", "NotifyDomains": "acme.example,acme.test"}


def resolved(value: Any) -> Any:
    """What a template's value is once it is deployed, with these parameters."""
    match value:
        case {"Fn::GetAtt": [str(name), _]}:
            return SERVICES.get(name, f"arn:aws:sqs:{HERE}:{name}")
        case {"Ref": str(name)}:
            return PARAMETERS[name]
        case {"Fn::Split": [str(separator), text]}:
            return resolved(text).split(separator)
        case {"Fn::Join": [str(separator), parts]}:
            return separator.join(resolved(parts))
        case {"Fn::Sub": [str(text), dict(own)]}:
            for name, given in own.items():
                text = text.replace(f"${{{name}}}", resolved(given))
            return text
        case {"Fn::Sub": str(text)}:
            for name, given in (
                ("${AWS::Partition}", "aws"),
                ("${AWS::Region}", "eu-central-1"),
                ("${AWS::AccountId}", ACCOUNT),
                ("${Ledger.Arn}", LEDGER),
            ):
                text = text.replace(name, given)
            return text
        case dict():
            return {name: resolved(item) for name, item in value.items()}
        case list():
            return [resolved(item) for item in value]
    return value


def of_key(key: str) -> dict[str, Any]:
    return {"dynamodb:LeadingKeys": [key]}


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
    policy = {"Version": "2012-10-17", "Statement": [resolved(each) for each in statements("NotifierRole")]}
    answers = decide(simulator, [policy], [*ALLOWED, *DENIED])
    assert dict(zip([str(call) for call in [*ALLOWED, *DENIED]], answers, strict=True)) == {
        **{str(call): True for call in ALLOWED},
        **{str(call): False for call in DENIED},
    }
