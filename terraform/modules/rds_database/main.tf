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
        # Instances take 0 or 1, clusters ON or OFF:
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-ssl-connections.require-ssl.html
        "require_secure_transport" = "1"
        "log_output"               = "FILE"
        "slow_query_log"           = "1"
        "long_query_time"          = "1"
        # Backups keep MySQL's binary log on, and nobody on RDS has SUPER: without this no user makes a
        # trigger or a function (error 1419).
        # https://dev.mysql.com/doc/refman/8.4/en/stored-programs-logging.html
        "log_bin_trust_function_creators" = "1"
      }
    }
  }[var.engine]

  # Parameters that are static, or that RDS itself gives this value (rds.force_ssl since PostgreSQL 15,
  # log_output since MySQL 8.0). RDS refuses `immediate` for the first, and ignores a change of the second to
  # the same value: it goes on answering with its own method, so that another one would be planned for ever.
  # A new instance starts with its group, so nothing waits for a reboot.
  pending_reboot = ["rds.force_ssl", "log_output", "log_bin_trust_function_creators"]

  # Roots from before they said their windows keep these.
  windows = {
    backup      = var.backup_window == "" ? "03:00-04:00" : var.backup_window
    maintenance = var.maintenance_window == "" ? "sun:04:30-sun:05:30" : var.maintenance_window
  }

  restored = var.restore != null
  exists   = contains(data.aws_db_instances.all.instance_identifiers, local.identifier)
  held     = one(data.aws_db_instance.held)

  # The key of a secret cannot change while RDS manages it. An adopted instance may have none yet.
  secret_key = coalesce(try(local.held.master_user_secret[0].kms_key_id, null), data.aws_kms_alias.this.target_key_arn)

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
    local.insights_tag,
  )
}

# What is there already: storage that RDS has grown, and settings that an instance keeps for life. All of them
# are listed, since a lookup by name ends in an error where there is none.
data "aws_db_instances" "all" {}

data "aws_db_instance" "held" {
  count = local.exists ? 1 : 0

  db_instance_identifier = local.identifier
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
      name         = parameter.key
      value        = parameter.value
      apply_method = contains(local.pending_reboot, parameter.key) ? "pending-reboot" : "immediate"
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
  engine_version = local.restored && var.upgrade == null ? null : var.engine_version
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
  allocated_storage     = local.storage_gb
  max_allocated_storage = local.max_storage_gb
  iops                  = local.iops
  storage_throughput    = local.storage_throughput

  storage_encrypted                   = true
  kms_key_id                          = data.aws_kms_alias.this.target_key_arn
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.secret_key
  iam_database_authentication_enabled = true

  publicly_accessible    = false
  db_subnet_group_name   = data.aws_db_subnet_group.this.name
  vpc_security_group_ids = [data.aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period = var.backup_retention_days
  backup_window           = local.windows.backup
  copy_tags_to_snapshot   = true
  # They would count against the account's 40 retained backups; what is to stay is the final snapshot.
  delete_automated_backups  = true
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = "${local.identifier}-final-${substr(var.request_id, 0, 8)}"
  deletion_protection       = var.deletion_protection

  # The provider compares the major version only, so minor upgrades by AWS are no drift.
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = var.upgrade != null
  maintenance_window          = local.windows.maintenance
  # RDS enrols an instance in Extended Support, which costs by the vCPU, unless it is made without.
  engine_lifecycle_support = var.extended_support ? "open-source-rds-extended-support" : "open-source-rds-extended-support-disabled"

  # The merge is the decision. In the maintenance window, apply would report success for a change that has
  # not happened, and every plan up to the window would show it again.
  apply_immediately = true

  enabled_cloudwatch_logs_exports       = local.engine.log_exports
  monitoring_interval                   = 60
  monitoring_role_arn                   = data.aws_iam_role.monitoring.arn
  performance_insights_enabled          = local.performance_insights
  performance_insights_retention_period = local.performance_insights ? 7 : null
  performance_insights_kms_key_id       = local.performance_insights ? local.insights_key : null

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
    # from the root, an instance made before one of these was set) must not ask for a new instance.
    ignore_changes = [
      db_name,
      username,
      engine_lifecycle_support,
      kms_key_id,
      snapshot_identifier,
      restore_to_point_in_time,
    ]

    precondition {
      condition     = !(local.insights_since_before && local.is_too_small_for_insights)
      error_message = "RDS has no Performance Insights for MySQL on ${var.instance_class}, and the provider cannot switch off those of ${local.identifier}. Switch them off first: aws rds modify-db-instance --db-instance-identifier ${local.identifier} --no-enable-performance-insights --apply-immediately; aws rds add-tags-to-resource --resource-name ${try(local.held.db_instance_arn, "")} --tags Key=${local.insights_tag_name},Value=none; then plan again."
    }

    postcondition {
      condition     = self.storage_encrypted
      error_message = "The storage is not encrypted: the source that ${local.identifier} was restored from is not. Restore from an encrypted copy of it."
    }
  }
}
