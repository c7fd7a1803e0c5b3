"""③④ One request becomes one pull request, and is merged."""
