"""The GitHub client: signed calls that say what to do when they fail."""
