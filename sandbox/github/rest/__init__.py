"""What each REST call does: the rules that GitHub enforces, on real git."""
