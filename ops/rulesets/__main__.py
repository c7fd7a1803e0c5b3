"""`python -m ops.rulesets`: see apply.py."""

import sys

from ops.rulesets.apply import main

sys.exit(main())
