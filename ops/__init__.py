"""Tools for the platform team, run by hand with its AWS credentials."""

import sys
from pathlib import Path

# The functions' own code, which lies where it is packed for them.
sys.path.append(str(Path(__file__).parents[1] / "lambda"))
