"""⑥ What runs on a schedule: stuck requests, expiry, idle databases, old snapshots."""
