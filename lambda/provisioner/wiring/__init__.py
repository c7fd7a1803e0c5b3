"""What functions keep warm beyond their settings: each imports, and so loads, what it uses and no more."""
