"""What bounds concurrent applies (bench/terraform_memory.py)."""

from bench.terraform_memory import measure

__all__ = ["measure"]
