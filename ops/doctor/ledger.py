"""Whether the ledger's rows are as this release's lists read them."""

from typing import Final

from provisioner.ledger.ledger import Ledger

from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import Wrong


def rows_are_migrated(deployment: Deployment) -> str:
    """`ops.migrate` has said that no row of an earlier release is left; until then lists read more rows."""
    table = deployment.stack.output("LedgerTable")
    standing = Ledger(deployment.client("dynamodb"), table).migration.standing()
    if standing.complete:
        return f"{standing.looked_at} rows were looked at"
    far = f"it ended after {standing.looked_at} rows" if standing.position else "it was never run to its end"
    raise Wrong(
        f"{far}: run `python -m ops.migrate --write` (docs/upgrade.md); "
        "until then some lists and the board read more rows than they show"
    )


CHECKS: Final = (Check("ledger's rows are migrated", rows_are_migrated),)
