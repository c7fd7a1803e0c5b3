locals {
  identifier      = "${var.environment}-${var.database_name}"
  foundation_name = "rds-provisioner-${var.environment}"

  engine = {
    aurora-postgresql = {
      log_exports = ["postgresql"]
      parameters = {
        "rds.force_ssl"              = "1"
        "log_connections"            = "1"
        "log_disconnections"         = "1"
        "log_lock_waits"             = "1"
        "log_min_duration_statement" = "1000"
      }
    }
    aurora-mysql = {
      log_exports = ["error", "slowquery"]
      parameters = {
        # Clusters take ON or OFF, instances 0 or 1:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Security.html
        "require_secure_transport" = "ON"
        "log_output"               = "FILE"
        "slow_query_log"           = "1"
        "long_query_time"          = "1"
      }
    }
  }[var.engine]

  # Parameters that RDS itself gives this value in some version: it ignores a change to the same value and goes
  # on answering with its own method, so that another one would be planned for ever. A new member starts with
  # its cluster's group, so nothing waits for a reboot.
  pending_reboot = ["rds.force_ssl", "log_output"]

  restored = var.restore != null
  # The engine of an instance whose snapshot RDS makes a cluster of: the snapshot is one of instances then, which
  # RDS takes by its ARN alone.
  # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html, SnapshotIdentifier
  migrated_from = try(var.restore.engine, null)
  snapshot      = local.migrated_from == null ? try(var.restore.snapshot, null) : try(data.aws_db_snapshot.source[0].db_snapshot_arn, null)
  # What is of this environment, as of now, is shared copy-on-write: minutes, whatever the size. Another
  # environment has another key, and an earlier time is not what the source holds now.
  cloned = try(startswith(var.restore.database, "${var.environment}-"), false) && contains(["latest"], coalesce(try(var.restore.point_in_time, null), "latest"))
  exists = contains(data.aws_rds_clusters.all.cluster_identifiers, local.identifier)
  held   = one(data.aws_rds_cluster.held)

  # The key of a secret cannot change while RDS manages it.
  secret_key = coalesce(try(local.held.master_user_secret[0].kms_key_id, null), data.aws_kms_alias.this.target_key_arn)

  # Nor can the key of Performance Insights, once they were on. No data source shows it, so that a tag keeps it.
  insights_tag_name = "rds-provisioner:insights-key"
  insights_kept     = [for key in compact([try(local.held.tags[local.insights_tag_name], null)]) : key if key != "none"]
  insights_key      = concat(local.insights_kept, [data.aws_kms_alias.this.target_key_arn])[0]

  # The version to the minor one, as it is: AWS upgrades that. A major version alone would be sent along with every
  # later change (hashicorp/terraform-provider-aws, internal/service/rds/cluster.go), and RDS would make of it the
  # region's default, which may be older than what runs. A new cluster begins with that default, a restored one
  # with its source's: without a version RDS would restore a snapshot to the engine's default one.
  # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html, EngineVersion
  default_version  = data.aws_rds_engine_version.this.version_actual
  held_version     = try(local.held.engine_version, "")
  restored_version = try(data.aws_db_cluster_snapshot.source[0].engine_version, null)
  first_version    = local.migrated_from != null ? local.migrated_version : local.restored ? local.restored_version : local.default_version
  kept_version     = startswith(local.held_version, "${var.engine_version}.") ? local.held_version : local.default_version
  version          = local.exists ? local.kept_version : local.first_version

  # Of an instance's snapshot: the region's default, or where PostgreSQL's minor version is newer than that, the
  # newest one. Aurora's may be the same or a newer one. Aurora MySQL counts in another way: RDS judges.
  # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Migrating.RDSPostgreSQL.Replica.html
  minors = {
    for name, version in {
      source  = try(data.aws_db_snapshot.source[0].engine_version, "")
      default = local.default_version
      newest  = try(data.aws_rds_engine_version.newest[0].version_actual, "")
    } : name => var.engine == "aurora-postgresql" ? try(tonumber(regex("^[0-9]+[.]([0-9]+)", version)[0]), 0) : 0
  }
  migrated_version = local.minors.default >= local.minors.source ? local.default_version : try(data.aws_rds_engine_version.newest[0].version_actual, null)

  # People write owner and purpose freely; AWS refuses most punctuation in a tag:
  # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Tagging.html
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

      (local.insights_tag_name) = var.monitoring || length(local.insights_kept) > 0 ? local.insights_key : "none"
    },
  )
}

# Settings that a cluster keeps for life. All clusters are listed, since a lookup by name ends in an error where
# there is none.
data "aws_rds_clusters" "all" {}

data "aws_rds_cluster" "held" {
  count = local.exists ? 1 : 0

  cluster_identifier = local.identifier
}

# A snapshot is looked at until its copy exists; it may be deleted afterwards.
data "aws_db_cluster_snapshot" "source" {
  count = !local.exists && local.migrated_from == null && try(var.restore.snapshot, null) != null ? 1 : 0

  db_cluster_snapshot_identifier = var.restore.snapshot
}

data "aws_db_snapshot" "source" {
  count = !local.exists && local.migrated_from != null ? 1 : 0

  db_snapshot_identifier = var.restore.snapshot

  lifecycle {
    postcondition {
      condition     = self.engine == local.migrated_from && startswith("${self.engine_version}.", "${var.engine_version}.")
      error_message = "The snapshot ${self.db_snapshot_identifier} is of ${self.engine} ${self.engine_version}, and not of ${local.migrated_from} ${var.engine_version}."
    }
  }
}

data "aws_rds_engine_version" "newest" {
  count = !local.exists && local.migrated_from != null ? 1 : 0

  engine  = var.engine
  version = var.engine_version
  latest  = true
}

data "aws_rds_engine_version" "this" {
  engine       = var.engine
  version      = var.engine_version
  default_only = true
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

# A parameter group's family cannot change and a group in use cannot be deleted, so another major version
# gets a second group before the first one goes: hence a prefix in place of a name.
resource "aws_rds_cluster_parameter_group" "this" {
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

resource "aws_rds_cluster" "this" {
  cluster_identifier = local.identifier

  # A restored cluster keeps the name and master user of its source.
  engine          = var.engine
  engine_mode     = "provisioned"
  engine_version  = local.version
  database_name   = local.restored ? null : replace(var.database_name, "-", "_")
  master_username = local.restored ? null : "dbadmin"

  snapshot_identifier = local.snapshot

  dynamic "restore_to_point_in_time" {
    for_each = try(var.restore.database, null) == null ? [] : [coalesce(var.restore.point_in_time, "latest")]

    content {
      source_cluster_identifier  = var.restore.database
      restore_type               = local.cloned ? "copy-on-write" : "full-copy"
      restore_to_time            = restore_to_point_in_time.value == "latest" ? null : restore_to_point_in_time.value
      use_latest_restorable_time = restore_to_point_in_time.value == "latest" ? true : null
    }
  }

  serverlessv2_scaling_configuration {
    min_capacity             = var.min_acu
    max_capacity             = var.max_acu
    seconds_until_auto_pause = var.pause_after > 0 ? var.pause_after : null
  }

  # A clone shares its source's storage, and so its key.
  storage_encrypted                   = true
  kms_key_id                          = local.cloned ? null : data.aws_kms_alias.this.target_key_arn
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.secret_key
  iam_database_authentication_enabled = true

  db_subnet_group_name            = data.aws_db_subnet_group.this.name
  vpc_security_group_ids          = [data.aws_security_group.this.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name

  backup_retention_period = var.backup_retention_days
  preferred_backup_window = var.backup_window
  copy_tags_to_snapshot   = true
  # What is to stay is the final snapshot.
  delete_automated_backups  = true
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = "${local.identifier}-final-${substr(var.request_id, 0, 8)}"
  deletion_protection       = var.deletion_protection

  allow_major_version_upgrade  = var.upgrade != null
  preferred_maintenance_window = var.maintenance_window
  # RDS enrols a cluster in Extended Support, which costs by the capacity unit, unless it is made without. The
  # provider (5.100) does not pass this on where a cluster is cloned or restored to a point in time.
  engine_lifecycle_support = var.extended_support ? "open-source-rds-extended-support" : "open-source-rds-extended-support-disabled"

  # The merge is the decision. In the maintenance window, apply would report success for a change that has
  # not happened, and every plan up to the window would show it again.
  apply_immediately = true

  # On the cluster, whose members take them over: on a member the provider cannot switch them off again
  # (hashicorp/terraform-provider-aws pull request 49376).
  performance_insights_enabled          = var.monitoring
  performance_insights_retention_period = var.monitoring ? 7 : null
  performance_insights_kms_key_id       = var.monitoring ? local.insights_key : null

  enabled_cloudwatch_logs_exports = local.engine.log_exports

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
    # from the root, a cluster made before one of these was set) must not ask for a new cluster.
    ignore_changes = [
      database_name,
      master_username,
      engine_lifecycle_support,
      kms_key_id,
      snapshot_identifier,
      restore_to_point_in_time,
    ]

    precondition {
      condition     = local.minors.source <= max(local.minors.default, local.minors.newest)
      error_message = "The snapshot ${local.migrated_from == null ? "" : var.restore.snapshot} is newer than any ${var.engine} ${var.engine_version} of this region. Wait for that minor version, or copy the data with pg_dump."
    }

    postcondition {
      condition     = self.storage_encrypted
      error_message = "The storage is not encrypted: the source that ${local.identifier} was restored from is not. Restore from an encrypted copy of it."
    }
  }
}
