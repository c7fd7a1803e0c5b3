locals {
  ports = { postgres = 5432, mysql = 3306 }

  ingress = merge(flatten([
    for environment, network in var.environments : [
      for engine, port in local.ports : merge(
        {
          for group in network.client_security_group_ids :
          "${environment}/${engine}/${group}" => { environment = environment, engine = engine, port = port, group = group, block = null }
        },
        {
          for block in network.client_cidr_blocks :
          "${environment}/${engine}/${block}" => { environment = environment, engine = engine, port = port, group = null, block = block }
        },
      )
    ]
  ])...)
}

resource "aws_db_subnet_group" "this" {
  for_each = var.environments

  name        = "rds-provisioner-${each.key}"
  description = "Private subnets of the ${each.key} databases"
  subnet_ids  = each.value.subnet_ids
}

# Without egress rules: a database answers, it does not call.
resource "aws_security_group" "this" {
  for_each = var.environments

  name        = "rds-provisioner-${each.key}"
  description = "Who may connect to the ${each.key} databases"
  vpc_id      = each.value.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = local.ingress

  security_group_id            = aws_security_group.this[each.value.environment].id
  description                  = "Clients of ${each.value.engine}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = each.value.group
  cidr_ipv4                    = each.value.block
}

resource "aws_kms_key" "this" {
  for_each = var.environments

  description             = "Storage, snapshots, metrics and secrets of the ${each.key} databases"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  # IAM policies decide who may use the key, as with the key that AWS makes by default.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "IamDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  for_each = var.environments

  name          = "alias/rds-provisioner-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

resource "aws_iam_role" "monitoring" {
  name        = "rds-provisioner-monitoring"
  description = "Lets RDS send operating system metrics to CloudWatch"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Against the confused deputy: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = [for environment in keys(var.environments) : "${local.rds}:db:${environment}-*"] }
      }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
