"""The whole system on one machine: no AWS account, no GitHub account, no CircleCI account, no Docker."""
