"""① What the HTTP API answers: its documents and their description."""
