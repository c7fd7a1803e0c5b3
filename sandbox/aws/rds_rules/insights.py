"""Performance Insights, which Database Insights carries now."""

import re

from sandbox.aws.rds_rules.call import (
    CREATE,
    MAKES_CLUSTER,
    MODIFY,
    MODIFY_CLUSTER,
    Call,
    Refusal,
    invalid_combination,
    invalid_value,
)

# MySQL and MariaDB have none on these; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/
# USER_DatabaseInsights.Engines.html
TOO_SMALL = re.compile(r"db\.t\d+g?\.(micro|small)")
# Aurora has them on the cluster, whose members take them over.
CLUSTERS = (*MAKES_CLUSTER, MODIFY_CLUSTER)
RETENTIONS = (7, *(31 * months for months in range(1, 24)), 731)


def class_has_insights(call: Call) -> Refusal | None:
    """Every class has them for PostgreSQL, burstable micro and small ones do not for MySQL.

    USER_DatabaseInsights.Engines; awsdocs/amazon-rds-user-guide issue 189
    """
    if call.action not in (CREATE, MODIFY) or call.engine == "postgres" or not _enabled(call):
        return None
    instance_class = str(call.given.get("DBInstanceClass") or call.instance.get("DBInstanceClass"))
    if not TOO_SMALL.fullmatch(instance_class):
        return None
    return invalid_combination("Performance Insights not supported for this configuration.")


def retention_needs_insights(call: Call) -> Refusal | None:
    """No retention where insights are, or are switched, off.

    RDS's words: hashicorp/terraform-provider-aws pull request 49376
    """
    if "PerformanceInsightsRetentionPeriod" not in call.given or _enabled(call):
        return None
    return invalid_combination(
        "You can't set a Performance Insights retention period without enabling Performance Insights."
    )


def key_needs_insights(call: Call) -> Refusal | None:
    """No key where insights are, or are switched, off.

    hashicorp/terraform-provider-aws pull request 49376 says so; issue 3015 has words of RDS's for it
    """
    if "PerformanceInsightsKMSKeyId" not in call.given or _enabled(call):
        return None
    return invalid_combination("Can not set PerformanceInsightsKMSKeyId without EnablePerformanceInsights")


def key_stays(call: Call) -> Refusal | None:
    """The key of the first time stays for ever, also over a time without insights.

    hashicorp/terraform-provider-aws pull request 6453; RDS's words: its issue 44046
    """
    subject = call.cluster if call.action in CLUSTERS else call.instance
    held = subject.get("PerformanceInsightsKMSKeyId")
    if not held or call.given.get("PerformanceInsightsKMSKeyId", held) == held:
        return None
    return invalid_combination("You can't change your Performance Insights KMS key.")


def retention_is_offered(call: Call) -> Refusal | None:
    """7 days, 1 to 23 months of 31 days, or 731 days.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    """
    days = call.given.get("PerformanceInsightsRetentionPeriod", 7)
    if days in RETENTIONS:
        return None
    return invalid_value(f"Invalid Performance Insights retention period: {days}")


def _enabled(call: Call) -> bool:
    held = call.cluster if call.action in CLUSTERS else call.instance
    return bool(call.given.get("EnablePerformanceInsights", held.get("PerformanceInsightsEnabled", False)))
