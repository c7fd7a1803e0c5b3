"""Tools for the platform team, run by hand with its AWS credentials."""
