"""AWS on this machine: MiniStack, with what it leaves out of RDS filled in."""
