"""What the operators' function may do on AWS, decided by a simulation of IAM over the template's policies."""

from pathlib import Path
from typing import Final

from tests.iam.deployed import HERE, LEDGER, SECRET, Deployed, of_key
from tests.iam.simulation import Call

PLAN: Final = "arn:aws:apigateway:eu-central-1::/usageplans/plan1"


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
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds!db-1"),
]


def test_the_operators_function_does_its_work_and_nothing_else(simulator: Path) -> None:
    Deployed(names={"UsagePlan": "plan1"}).assert_may(simulator, "AdminRole", ALLOWED, DENIED)
