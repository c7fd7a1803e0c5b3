"""The ledger: every request, database, event and quota, in one DynamoDB table."""
