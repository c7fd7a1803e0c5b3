"""What an API key opens: a team's key its team's things, an operator's all teams', almost without writes."""

import datetime as dt
from typing import Final

TEAM: Final = "team"
OPERATOR: Final = "operator"
# Operators' keys read everything, so none lives long.
LONGEST_OPERATOR: Final = dt.timedelta(days=30)
