"""A local stand-in for CircleCI that runs the steps of the project's own .circleci/config.yml."""
