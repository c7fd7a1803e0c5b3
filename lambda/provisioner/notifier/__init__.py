"""⑦ Notifications: what happens, as text, to a team's channels."""
