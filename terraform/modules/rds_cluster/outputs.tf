output "identifier" {
  description = "RDS identifier of the cluster."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "endpoint" {
  description = "Host name of the writer, to connect to."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "Host name of the reader; with one member alone it leads to the writer."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "port" {
  description = "Port to connect to."
  value       = aws_rds_cluster.this.port
}

output "database_name" {
  description = "Name of the database inside the engine; a restored one keeps its source's."
  value       = try(coalesce(aws_rds_cluster.this.database_name), replace(var.database_name, "-", "_"))
}

output "secret_arn" {
  description = "ARN of the secret in Secrets Manager with the master user's name and password, which RDS rotates."
  value       = try(aws_rds_cluster.this.master_user_secret[0].secret_arn, null)
}

output "arn" {
  description = "ARN of the cluster."
  value       = aws_rds_cluster.this.arn
}

output "resource_id" {
  description = "Immutable id of the cluster, which IAM policies for database users (rds-db:connect) name."
  value       = aws_rds_cluster.this.cluster_resource_id
}
