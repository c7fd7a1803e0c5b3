"""⑦ Events for the outside."""
