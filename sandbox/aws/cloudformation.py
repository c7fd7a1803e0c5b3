"""Fills gaps of MiniStack's CloudFormation: resources that it refuses, an API's id, a secret's alphabet.

CodeDeploy's resources record their name: nothing is shifted step by step here, a new version takes all
traffic at once. An alarm on an expression records the first metric of the expression. A generated secret
keeps to `ExcludePunctuation`. An API whose description changes keeps its id, and with it its address.
"""

import string
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Made = tuple[str, dict[str, str]]  # a physical id, and what Fn::GetAtt finds
CODE_DEPLOY = ("AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup")


def fill() -> None:
    handlers = {"create": create, "update": update, "delete": delete}
    provisioners._RESOURCE_HANDLERS.update(dict.fromkeys(CODE_DEPLOY, handlers))
    api = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    api["update"] = keeping_id(api["update"])
    record: Callable[[str, Properties], Any] = provisioners._cw_metric_alarm_record
    provisioners._cw_metric_alarm_record = lambda name, properties: record(name, first_metric(properties))
    generate: Callable[[Properties], str] = provisioners._sm_secret_string
    provisioners._sm_secret_string = lambda properties: generate(without_punctuation(properties))


def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    """The name that the template gives, or one as CloudFormation makes it."""
    own = "DeploymentGroupName" if "ServiceRoleArn" in properties else "ApplicationName"
    return str(properties.get(own) or f"{stack_name}-{logical_id}"), {}


def update(
    physical_id: str, _old: Properties, _new: Properties, _stack_name: str
) -> tuple[str, dict[str, str]]:
    return physical_id, {}


def delete(_physical_id: str, _properties: Properties) -> None:
    """Nothing was made, so nothing goes."""


def keeping_id(update_api: Callable[..., Made]) -> Callable[..., Made]:
    """An API's update that overwrites it, as `PutRestApi` does; MiniStack would make another one."""

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any, **options: Any) -> Made:
        if new.get("Body") != old.get("Body") and isinstance(new.get("Body"), dict):
            overwrite(physical_id, new["Body"])
        return update_api(physical_id, {**old, "Body": new.get("Body")}, new, *rest, **options)

    return update


def overwrite(api_id: str, document: Properties) -> None:
    """Give an API the resources and responses of another description; stages and deployments stay."""
    made = apigateway_v1._import_rest_api(document)
    for kept in (apigateway_v1._resources, apigateway_v1._authorizers_v1, apigateway_v1._gateway_responses):
        if made in kept:
            kept[api_id] = kept.pop(made)
    apigateway_v1._delete_rest_api(made)


def first_metric(properties: Mapping[str, Any]) -> Properties:
    """The same alarm on one metric, where it was on an expression of several."""
    metrics = [metric["MetricStat"] for metric in properties.get("Metrics") or [] if "MetricStat" in metric]
    rest = {name: value for name, value in properties.items() if name != "Metrics"}
    if not metrics:
        return rest
    named = {name: metrics[0]["Metric"].get(name) for name in ("MetricName", "Namespace", "Dimensions")}
    return {
        **rest,
        **named,
        "Period": metrics[0].get("Period", 60),
        "Statistic": metrics[0].get("Stat", "Sum"),
    }


def without_punctuation(properties: Mapping[str, Any]) -> Properties:
    """The same secret with the alphabet spelled out, where punctuation is to be left out of it."""
    wanted = dict(properties.get("GenerateSecretString") or {})
    if not wanted.get("ExcludePunctuation"):
        return dict(properties)
    wanted["ExcludeCharacters"] = wanted.get("ExcludeCharacters", "") + string.punctuation
    return {**properties, "GenerateSecretString": wanted}
