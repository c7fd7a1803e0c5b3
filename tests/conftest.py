import functools
import os
import signal

from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

# Powertools reads these once, when a handler is imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "RdsProvisioner")

# A shell starts what runs in the background without Ctrl-C, and so would be each program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Each new session would read AWS's descriptions of its services again, which takes longer than most tests.
JSONFileLoader.load_file = staticmethod(  # type: ignore[method-assign]
    functools.cache(JSONFileLoader().load_file)
)

# A busy machine is slower than any deadline. What Hypothesis sets in CI stays as it is.
settings.register_profile(
    "tests", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

pytest_plugins = ["tests.ledger.fixtures", "tests.github.fixtures"]
