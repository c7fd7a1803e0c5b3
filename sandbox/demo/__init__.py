"""The demo's stories: what `make demo` shows, and how."""
