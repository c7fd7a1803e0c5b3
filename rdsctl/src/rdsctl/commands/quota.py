"""`rdsctl quota`: what the team holds and may hold."""

from typing import Any, Final

from rdsctl.command import command as make
from rdsctl.session import Session
from rdsctl.table import Column, draw

_BAR: Final = 10
_EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


@make(name="quota", short_help="What the team holds and may hold.")
def command(session: Session) -> None:
    """Show what the team holds of its quota, by environment."""
    document = session.api.get("/quota").document
    rows = [{"environment": name} | values for name, values in document["environments"].items()]
    session.show(document, lambda looks: draw(COLUMNS, rows, looks.width))


def _of(name: str, digits: int) -> Any:
    return lambda row: f"{row[name]['used']:,.{digits}f} of {row[name]['limit']:,}"


def _bar(row: dict[str, Any]) -> str:
    money = row["monthly_usd"]
    share = money["used"] / money["limit"] if money["limit"] else 1.0
    eighths = min(round(share * _BAR * 8), _BAR * 8)
    bar = "█" * (eighths // 8) + _EIGHTHS[eighths % 8]
    return f"{bar.ljust(_BAR, '·')} {share:4.0%}"


COLUMNS: Final = [
    Column("ENVIRONMENT", lambda row: str(row["environment"])),
    Column("DATABASES", _of("databases", 0), right=True),
    Column("GB", _of("storage_gb", 0), right=True),
    Column("USD A MONTH", _of("monthly_usd", 2), right=True),
    Column("", _bar),
]
