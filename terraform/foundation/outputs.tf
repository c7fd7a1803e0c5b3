output "plan_role_arn" {
  description = "AWS_PLAN_ROLE_ARN of the CircleCI project."
  value       = aws_iam_role.plan.arn
}

output "apply_role_arn" {
  description = "AWS_APPLY_ROLE_ARN of the CircleCI project, to which each job adds `-<environment>`."
  value       = "arn:${local.partition}:iam::${local.account_id}:role/${local.apply_role}"
}

output "state_bucket" {
  description = "TF_STATE_BUCKET of the CircleCI project."
  value       = aws_s3_bucket.state.bucket
}

output "region" {
  description = "AWS_REGION of the CircleCI project."
  value       = var.region
}

output "security_group_ids" {
  description = "Security group of each environment's databases, for the clients' own egress rules."
  value       = { for environment, group in aws_security_group.this : environment => group.id }
}

output "key_arns" {
  description = "KMS key of each environment, which readers of its secrets need kms:Decrypt on."
  value       = { for environment, key in aws_kms_key.this : environment => key.arn }
}
