"""Goes through a deployment, and says what is wrong with it: python -m ops.doctor."""
