"""The rules for the default branch: two files, and the command that applies them."""
