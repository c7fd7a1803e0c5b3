"""⑦ Word when it matters: what happens, as text, to a team's channels."""
