import os

# Powertools reads these once, when a handler is imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "RdsProvisioner")

pytest_plugins = ["tests.ledger.fixtures", "tests.github.fixtures"]
