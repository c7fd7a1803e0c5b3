"""What the operators' function may do on AWS, decided by a simulation of IAM over the template's policies."""

from pathlib import Path
from typing import Any, Final

from tests.iam.simulation import ACCOUNT, Call, decide
from tests.template.stack import statements

HERE: Final = f"eu-central-1:{ACCOUNT}"
LEDGER: Final = f"arn:aws:dynamodb:{HERE}:table/Ledger"
PLAN: Final = "arn:aws:apigateway:eu-central-1::/usageplans/plan1"
SERVICES: Final = {"Ledger": LEDGER, "AdminLogs": f"arn:aws:logs:{HERE}:log-group:admin"}


def resolved(value: Any) -> Any:
    """What a template's value is once it is deployed with every part."""
    match value:
        case {"Fn::GetAtt": [str(name), _]}:
            return SERVICES.get(name, f"arn:aws:sqs:{HERE}:{name}")
        case {"Fn::If": [_, chosen, _]}:
            return resolved(chosen)
        case {"Fn::Sub": str(text)}:
            for name, given in (
                ("${AWS::Partition}", "aws"),
                ("${AWS::Region}", "eu-central-1"),
                ("${UsagePlan}", "plan1"),
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


ALLOWED: Final = [
    Call("dynamodb:Scan", f"{LEDGER}/index/listing"),
    Call("dynamodb:Query", LEDGER),
    Call("dynamodb:UpdateItem", LEDGER, of_key("KEY#a1b2")),
    Call("sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:ScheduleDeadLetters"),
    Call("sqs:DeleteMessage", f"arn:aws:sqs:{HERE}:RequestDeadLetters"),
    Call("sqs:SendMessage", f"arn:aws:sqs:{HERE}:AccessQueue"),
    Call("apigateway:GET", f"{PLAN}/keys"),
    Call("apigateway:DELETE", f"{PLAN}/keys/a1b2"),
]
DENIED: Final = [
    Call("dynamodb:UpdateItem", LEDGER, of_key("REQ#1")),
    Call("dynamodb:PutItem", LEDGER, of_key("KEY#a1b2")),
    Call("dynamodb:DeleteItem", LEDGER, of_key("KEY#a1b2")),
    Call("dynamodb:Scan", LEDGER),
    Call("sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:RequestQueue"),
    Call("sqs:DeleteMessage", f"arn:aws:sqs:{HERE}:EventsDeadLetters"),
    Call("sqs:PurgeQueue", f"arn:aws:sqs:{HERE}:RequestDeadLetters"),
    Call("apigateway:GET", "arn:aws:apigateway:eu-central-1::/apikeys"),
    Call("apigateway:DELETE", "arn:aws:apigateway:eu-central-1::/usageplans/plan2/keys/a1b2"),
    Call("apigateway:DELETE", PLAN),
    Call("apigateway:POST", f"{PLAN}/keys"),
    Call("sns:Publish", f"arn:aws:sns:{HERE}:rds-provisioner-requests"),
    Call("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:rds!db-1"),
]


def test_the_operators_function_does_its_work_and_nothing_else(simulator: Path) -> None:
    policy = {"Version": "2012-10-17", "Statement": [resolved(each) for each in statements("AdminRole")]}
    answers = decide(simulator, [policy], [*ALLOWED, *DENIED])
    assert dict(zip([str(call) for call in [*ALLOWED, *DENIED]], answers, strict=True)) == {
        **{str(call): True for call in ALLOWED},
        **{str(call): False for call in DENIED},
    }
