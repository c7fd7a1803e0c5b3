"""The template's policies as they are once it is deployed, and what a simulation of IAM says of a role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.iam.simulation import ACCOUNT, Call, decide
from tests.template.stack import statements

HERE: Final = f"eu-central-1:{ACCOUNT}"
LEDGER: Final = f"arn:aws:dynamodb:{HERE}:table/Ledger"
SECRET: Final = f"arn:aws:secretsmanager:{HERE}:secret:"


def of_key(key: str) -> dict[str, Any]:
    """The condition key of a write to one partition of the ledger."""
    return {"dynamodb:LeadingKeys": [key]}


@dataclass(frozen=True, slots=True)
class Deployed:
    """The stack with every part; `parameters` by name, and `names` of resources in texts."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def assert_may(self, simulator: Path, role: str, allowed: Sequence[Call], denied: Sequence[Call]) -> None:
        """A role may make these calls and not those."""
        policy = {"Version": "2012-10-17", "Statement": [self.resolved(each) for each in statements(role)]}
        answers = decide(simulator, [policy], [*allowed, *denied])
        assert dict(zip([str(call) for call in [*allowed, *denied]], answers, strict=True)) == {
            **{str(call): True for call in allowed},
            **{str(call): False for call in denied},
        }

    def resolved(self, value: Any) -> Any:
        """What a template's value is."""
        match value:
            case {"Fn::GetAtt": [str(name), _]}:
                return _arn(name)
            case {"Fn::If": [_, chosen, _]}:
                return self.resolved(chosen)
            case {"Ref": str(name)}:
                return self.parameters[name]
            case {"Fn::Split": [str(separator), text]}:
                return self.resolved(text).split(separator)
            case {"Fn::Join": [str(separator), parts]}:
                return separator.join(self.resolved(parts))
            case {"Fn::Sub": [str(text), dict(own)]}:
                return self._filled(text, {name: self.resolved(given) for name, given in own.items()})
            case {"Fn::Sub": str(text)}:
                return self._filled(text, {})
            case dict():
                return {name: self.resolved(item) for name, item in value.items()}
            case list():
                return [self.resolved(item) for item in value]
        return value

    def _filled(self, text: str, own: Mapping[str, str]) -> str:
        aws = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": ACCOUNT}
        for name, given in {**own, **aws, "Ledger.Arn": LEDGER, **self.names}.items():
            text = text.replace(f"${{{name}}}", given)
        return text


def _arn(name: str) -> str:
    if name.endswith("Logs"):
        return f"arn:aws:logs:{HERE}:log-group:{name}"
    return LEDGER if name == "Ledger" else f"arn:aws:sqs:{HERE}:{name}"
