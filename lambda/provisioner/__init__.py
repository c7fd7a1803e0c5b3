"""Self-service databases on Amazon RDS: from a POST to a pull request, and on to the end of its life."""
