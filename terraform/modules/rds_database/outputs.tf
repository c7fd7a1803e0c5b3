output "identifier" {
  description = "RDS identifier of the instance."
  value       = aws_db_instance.this.identifier
}

output "endpoint" {
  description = "Host name to connect to."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port to connect to."
  value       = aws_db_instance.this.port
}

output "storage_gb" {
  description = "Storage in GiB as it is, which RDS may have grown."
  value       = aws_db_instance.this.allocated_storage
}

output "database_name" {
  description = "Name of the database inside the engine; a restored one keeps its source's."
  value       = try(coalesce(aws_db_instance.this.db_name), replace(var.database_name, "-", "_"))
}

output "secret_arn" {
  description = "ARN of the secret in Secrets Manager with the master user's name and password, which RDS rotates."
  value       = try(aws_db_instance.this.master_user_secret[0].secret_arn, null)
}

output "arn" {
  description = "ARN of the instance."
  value       = aws_db_instance.this.arn
}

output "resource_id" {
  description = "Immutable id of the instance, which IAM policies for database users (rds-db:connect) name."
  value       = aws_db_instance.this.resource_id
}
