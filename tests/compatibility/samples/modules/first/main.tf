locals {
  identifier      = "${var.environment}-${var.database_name}"
  foundation_name = "rds-provisioner-${var.environment}"

  engine = {
    postgres = {
      log_exports = ["postgresql", "upgrade"]
      parameters = {
        "rds.force_ssl"              = "1"
        "log_connections"            = "1"
        "log_disconnections"         = "1"
        "log_lock_waits"             = "1"
        "log_min_duration_statement" = "1000"
      }
    }
    mysql = {
      log_exports = ["error", "slowquery"]
      parameters = {
        "require_secure_transport" = "ON"
        "log_output"               = "FILE"
        "slow_query_log"           = "1"
        "long_query_time"          = "1"
      }
    }
  }[var.engine]

  # Database Insights, which carries Performance Insights, runs on every class for PostgreSQL, but for MySQL
  # not on burstable micro and small classes:
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.Engines.html
  performance_insights = !(var.engine == "mysql" && can(regex("^db\\.t[0-9]+g?\\.(micro|small)$", var.instance_class)))

  restored = var.restore != null

  # People write owner and purpose freely; AWS refuses most punctuation in a tag:
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
  words = {
    Team       = var.team
    Owner      = var.owner
    CostCenter = var.cost_center
    Purpose    = var.purpose
  }
  tags = merge(
    var.tags,
    {
      for name, text in local.words :
      name => trimspace(substr(replace(replace(text, "/[^\\p{L}\\p{N} _.:/=+@-]/", " "), "/ +/", " "), 0, 256))
    },
    {
      ManagedBy   = "rds-provisioner"
      RequestId   = var.request_id
      Environment = var.environment
      ExpiresAt   = var.expires_at
    },
  )
}

data "aws_db_subnet_group" "this" {
  name = local.foundation_name
}

data "aws_security_group" "this" {
  name   = local.foundation_name
  vpc_id = data.aws_db_subnet_group.this.vpc_id
}

data "aws_kms_alias" "this" {
  name = "alias/${local.foundation_name}"
}

data "aws_iam_role" "monitoring" {
  name = "rds-provisioner-monitoring"
}

# A parameter group's family cannot change and a group in use cannot be deleted, so another major version
# gets a second group before the first one goes: hence a prefix in place of a name.
resource "aws_db_parameter_group" "this" {
  name_prefix = "${local.identifier}-"
  family      = "${var.engine}${var.engine_version}"
  description = "TLS and logging for ${local.identifier}"
  tags        = local.tags

  dynamic "parameter" {
    for_each = local.engine.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier = local.identifier

  # A restored database keeps the name, master user and version of its source. A version would also make
  # RDS move the new instance to the default minor version, which may be older than the snapshot's.
  engine         = var.engine
  engine_version = local.restored ? null : var.engine_version
  db_name        = local.restored ? null : replace(var.database_name, "-", "_")
  username       = local.restored ? null : "dbadmin"

  snapshot_identifier = try(var.restore.snapshot, null)

  dynamic "restore_to_point_in_time" {
    for_each = try(var.restore.database, null) == null ? [] : [coalesce(var.restore.point_in_time, "latest")]

    content {
      source_db_instance_identifier = var.restore.database
      restore_time                  = restore_to_point_in_time.value == "latest" ? null : restore_to_point_in_time.value
      use_latest_restorable_time    = restore_to_point_in_time.value == "latest" ? true : null
    }
  }

  instance_class        = var.instance_class
  multi_az              = var.multi_az
  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.max_storage_gb > var.storage_gb ? var.max_storage_gb : null

  storage_encrypted                   = true
  kms_key_id                          = data.aws_kms_alias.this.target_key_arn
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = data.aws_kms_alias.this.target_key_arn
  iam_database_authentication_enabled = true

  publicly_accessible    = false
  db_subnet_group_name   = data.aws_db_subnet_group.this.name
  vpc_security_group_ids = [data.aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.backup_retention_days
  backup_window             = "03:00-04:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.final_snapshot
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = "${local.identifier}-final-${substr(var.request_id, 0, 8)}"
  deletion_protection       = var.deletion_protection

  # The provider compares the major version only, so minor upgrades by AWS are no drift.
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  maintenance_window          = "sun:04:30-sun:05:30"

  # The merge is the decision. In the maintenance window, apply would report success for a change that has
  # not happened, and every plan up to the window would show it again.
  apply_immediately = true

  enabled_cloudwatch_logs_exports       = local.engine.log_exports
  monitoring_interval                   = 60
  monitoring_role_arn                   = data.aws_iam_role.monitoring.arn
  performance_insights_enabled          = local.performance_insights
  performance_insights_retention_period = local.performance_insights ? 7 : null
  performance_insights_kms_key_id       = local.performance_insights ? data.aws_kms_alias.this.target_key_arn : null

  tags = local.tags

  timeouts {
    create = "40m"
    update = "80m"
    delete = "60m"
  }

  lifecycle {
    # No plan may replace a database, and so lose its data. A root without this module still removes it.
    prevent_destroy = true

    # Read at creation only; a later difference (the alias moved to another key, the restore block dropped
    # from the root) must not ask for a new instance. Storage that RDS has grown is not listed: the provider
    # ignores a size above storage_gb on its own and still applies a larger storage_gb.
    ignore_changes = [
      db_name,
      username,
      kms_key_id,
      master_user_secret_kms_key_id,
      snapshot_identifier,
      restore_to_point_in_time,
    ]

    postcondition {
      condition     = self.storage_encrypted
      error_message = "The storage is not encrypted: the source that ${local.identifier} was restored from is not. Restore from an encrypted copy of it."
    }
  }
}
