import os

from hypothesis import HealthCheck, settings

# Powertools reads these once, when a handler is imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "RdsProvisioner")

# A busy machine is slower than any deadline. What Hypothesis sets in CI stays as it is.
settings.register_profile(
    "tests", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

pytest_plugins = ["tests.ledger.fixtures", "tests.github.fixtures"]
