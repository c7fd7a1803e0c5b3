"""`python -m rdsctl`."""

from rdsctl.program import entry

if __name__ == "__main__":
    entry()
