"""What is measured: a module for each part, whose `measure(full)` yields figures."""

import os

# Read when a function's module is loaded; the functions' own log is not for the bench's table.
os.environ |= {
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}
