"""The whole system on one machine: no AWS account, no GitHub account, no CircleCI account, no Docker."""

import sys
from pathlib import Path

# The local GitHub reads CODEOWNERS with the functions' own code.
sys.path.append(str(Path(__file__).parents[1] / "lambda"))
