"""What RDS refuses and MiniStack takes: one small rule for each fact, asked before the emulator answers."""

from collections.abc import Iterable

from sandbox.aws.rds_rules import clusters, insights, names, parameters, restores, settings, storage, tags
from sandbox.aws.rds_rules.call import Call, Refusal, Rule

# In the order in which they are asked: names first, then what a call is about.
RULES: tuple[Rule, ...] = (
    names.instance_identifier,
    names.group_name,
    names.snapshot_name,
    names.snapshot_name_is_free,
    names.final_snapshot_is_named_or_skipped,
    names.database_name,
    names.master_name,
    tags.tag_prefix,
    tags.tag_characters,
    tags.tag_length,
    tags.tag_count,
    restores.source_exists,
    restores.engine_stays,
    restores.restore_is_as_large,
    restores.password_is_managed_later,
    restores.database_keeps_its_name,
    restores.backups_are_on,
    restores.time_is_one_of_two,
    restores.time_is_backed_up,
    storage.size_is_within_bounds,
    storage.never_shrinks,
    storage.no_performance_below_400,
    storage.iops_from_400,
    storage.throughput_from_400,
    storage.growth_names_its_iops,
    storage.storage_rests,
    storage.bound_is_above_the_size,
    storage.bound_leaves_a_tenth,
    insights.class_has_insights,
    insights.retention_needs_insights,
    insights.key_needs_insights,
    insights.key_stays,
    insights.retention_is_offered,
    parameters.family_exists,
    parameters.family_is_the_engines,
    parameters.parameter_exists,
    parameters.value_is_allowed,
    parameters.static_waits_for_a_reboot,
    parameters.twenty_at_once,
    parameters.group_is_free,
    clusters.range_has_two_ends,
    clusters.capacity_is_offered,
    clusters.range_is_in_order,
    clusters.pause_is_within_bounds,
    clusters.pause_needs_no_capacity,
    clusters.member_has_a_cluster,
    clusters.member_needs_a_range,
    clusters.protected_cluster_stays,
    clusters.cluster_is_empty,
    clusters.backups_are_always_kept,
    clusters.cluster_secret_keeps_its_key,
    clusters.cluster_source_exists,
    clusters.cluster_engine_stays,
    clusters.cluster_time_is_chosen,
    clusters.cluster_time_is_backed_up,
    clusters.cluster_quotas,
    settings.protected_stays,
    settings.backups_are_kept_at_most_35_days,
    settings.monitoring_has_a_role,
    settings.secret_keeps_its_key,
    settings.instance_quota,
    settings.group_quota,
    settings.snapshot_quota,
    settings.retained_backup_quota,
)


def refusal(call: Call, rules: Iterable[Rule] = RULES) -> Refusal | None:
    """The first rule's refusal; None where RDS takes the call."""
    return next((found for rule in rules if (found := rule(call))), None)
