"""Hostile pull requests, each with its kind, its name, and the rule of the gate that denies it.

An attacker may push any branch with any files: what they would like to see merged, as a table. `main` is what
the base branch has, `changes` what the pull request makes of it. `alone` says that no other rule denies it:
without that rule it would pass.
"""

from provisioner.core.root import Root

from tests.pipeline import hostile_clusters, hostile_files, hostile_roots
from tests.pipeline.hostile_case import Hostile


def hostile(base: Root) -> list[Hostile]:
    """Every pull request of the table, made from one root that would pass as it is."""
    files, roots, clusters = hostile_files, hostile_roots, hostile_clusters
    makers = (
        files.without_request,
        files.files_along,
        files.no_regular_files,
        files.paths,
        files.scope,
        files.two_databases,
        files.like_a_branch,
        files.another_kind,
        files.stale,
        files.left_behind,
        roots.of_another_request,
        roots.other_peoples_data,
        roots.code,
        roots.not_as_rendered,
        roots.removals,
        roots.enrolments,
        roots.disarms,
        roots.maintenances,
        roots.recreated,
        roots.upgrades,
        roots.beyond_the_catalog,
        roots.ends,
        roots.tags,
        roots.windows,
        roots.misplaced,
        clusters.other_ranges,
        clusters.other_kinds,
        clusters.members,
        clusters.other_peoples_clusters,
        clusters.instances_of_others,
    )
    return [found for make in makers for found in make(base)]
