"""①② A change is asked for, checked, written to the ledger and sent to the worker."""
