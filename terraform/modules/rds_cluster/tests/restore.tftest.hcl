# A cluster whose first data comes from a snapshot or from another cluster: at a point in time, or as its clone.

mock_provider "aws" {
  mock_data "aws_db_subnet_group" {
    defaults = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0000000000000000a"] }
  }

  mock_data "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }

  mock_data "aws_rds_engine_version" {
    defaults = { version_actual = "17.7" }
  }

  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_data "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/rds-provisioner-monitoring" }
  }
}

variables {
  environment           = "staging"
  database_name         = "orders-copy"
  engine                = "aurora-postgresql"
  engine_version        = "17"
  min_acu               = 0
  max_acu               = 2
  pause_after           = 300
  monitoring            = true
  multi_az              = false
  backup_retention_days = 7
  backup_window         = "03:00-04:00"
  maintenance_window    = "sun:04:30-sun:05:30"
  deletion_protection   = false
  final_snapshot        = true
  request_id            = "3f0c1a2b-1111-4222-8333-444455556666"
  team                  = "alpha"
  owner                 = "alpha"
  purpose               = "rehearse a migration"
  cost_center           = "alpha"
  expires_at            = "2026-12-30T12:00:00Z"
}

run "no_restore_starts_empty" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.database_name == "orders_copy" && aws_rds_cluster.this.master_username == "dbadmin" && aws_rds_cluster.this.engine_version == "17.7" && length(aws_rds_cluster.this.restore_to_point_in_time) == 0
    error_message = "A new cluster has its own name and master user."
  }
}

run "postgres_from_a_snapshot" {
  command = plan

  override_data {
    target          = data.aws_db_cluster_snapshot.source[0]
    override_during = plan
    values          = { engine_version = "17.6" }
  }

  variables {
    restore = { snapshot = "prod-orders-final-aabbccdd" }
  }

  assert {
    condition     = aws_rds_cluster.this.snapshot_identifier == "prod-orders-final-aabbccdd" && length(aws_rds_cluster.this.restore_to_point_in_time) == 0
    error_message = "The snapshot is the only source."
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "17.6"
    error_message = "RDS restores to the snapshot's version, in place of the engine's default."
  }

  assert {
    condition     = aws_rds_cluster.this.kms_key_id == data.aws_kms_alias.this.target_key_arn && aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.manage_master_user_password && aws_rds_cluster.this.iam_database_authentication_enabled && aws_rds_cluster_parameter_group.this.family == "aurora-postgresql17"
    error_message = "A restored cluster is as hardened as a new one, with its own secret."
  }
}

run "what_the_snapshot_holds_comes_with_it" {
  command = plan

  override_data {
    target          = data.aws_db_cluster_snapshot.source[0]
    override_during = plan
    values          = { engine_version = "17.6" }
  }

  override_resource {
    target          = aws_rds_cluster.this
    override_during = plan
    values          = { database_name = "orders", master_username = "dbadmin", availability_zones = ["eu-central-1a"] }
  }

  variables {
    restore = { snapshot = "prod-orders-final-aabbccdd" }
  }

  assert {
    condition     = output.database_name == "orders"
    error_message = "The name comes from the snapshot."
  }
}

run "mysql_from_an_automated_snapshot" {
  command = plan

  variables {
    engine         = "aurora-mysql"
    engine_version = "8.0"
    restore        = { snapshot = "rds:prod-orders-2026-11-20-02-05" }
  }

  assert {
    condition     = aws_rds_cluster.this.snapshot_identifier == "rds:prod-orders-2026-11-20-02-05" && aws_rds_cluster_parameter_group.this.family == "aurora-mysql8.0"
    error_message = "Automated snapshots can be restored too."
  }
}

run "from_a_point_in_time" {
  command = plan

  variables {
    restore = { snapshot = null, database = "prod-orders", point_in_time = "2026-11-20T10:00:00Z" }
  }

  assert {
    condition = (
      aws_rds_cluster.this.restore_to_point_in_time[0].source_cluster_identifier == "prod-orders" &&
      aws_rds_cluster.this.restore_to_point_in_time[0].restore_type == "full-copy" &&
      aws_rds_cluster.this.restore_to_point_in_time[0].restore_to_time == "2026-11-20T10:00:00Z" &&
      aws_rds_cluster.this.restore_to_point_in_time[0].use_latest_restorable_time == null
    )
    error_message = "The cluster is restored as it was at that instant, as a separate copy."
  }

  assert {
    condition     = aws_rds_cluster.this.cluster_identifier == "staging-orders-copy" && aws_rds_cluster.this.db_subnet_group_name == "rds-provisioner-staging" && aws_rds_cluster.this.kms_key_id == data.aws_kms_alias.this.target_key_arn
    error_message = "The copy stands in its own environment, under its key."
  }
}

run "from_the_latest_point_in_time" {
  command = plan

  variables {
    restore = { database = "prod-orders", point_in_time = "latest" }
  }

  assert {
    condition     = aws_rds_cluster.this.restore_to_point_in_time[0].use_latest_restorable_time == true && aws_rds_cluster.this.restore_to_point_in_time[0].restore_to_time == null && aws_rds_cluster.this.restore_to_point_in_time[0].restore_type == "full-copy"
    error_message = "latest is what RDS can restore last."
  }
}

run "a_cluster_without_a_time_means_latest" {
  command = plan

  variables {
    restore = { database = "prod-orders" }
  }

  assert {
    condition     = aws_rds_cluster.this.restore_to_point_in_time[0].use_latest_restorable_time == true && aws_rds_cluster.this.restore_to_point_in_time[0].restore_to_time == null && aws_rds_cluster.this.restore_to_point_in_time[0].restore_type == "full-copy"
    error_message = "latest is what RDS can restore last."
  }
}

run "a_clone_shares_the_sources_storage" {
  command = plan

  variables {
    restore = { database = "staging-orders" }
  }

  assert {
    condition     = aws_rds_cluster.this.restore_to_point_in_time[0].restore_type == "copy-on-write" && aws_rds_cluster.this.restore_to_point_in_time[0].source_cluster_identifier == "staging-orders" && aws_rds_cluster.this.restore_to_point_in_time[0].use_latest_restorable_time == true
    error_message = "A clone takes minutes, whatever the size."
  }

  assert {
    condition     = aws_rds_cluster.this.snapshot_identifier == null && aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.manage_master_user_password
    error_message = "It is as hardened as a new cluster, with its own secret."
  }
}

run "a_clone_of_the_latest_time_is_a_clone" {
  command = plan

  variables {
    restore = { database = "staging-orders", point_in_time = "latest" }
  }

  assert {
    condition     = aws_rds_cluster.this.restore_to_point_in_time[0].restore_type == "copy-on-write" && aws_rds_cluster.this.restore_to_point_in_time[0].source_cluster_identifier == "staging-orders" && aws_rds_cluster.this.restore_to_point_in_time[0].use_latest_restorable_time == true
    error_message = "A clone takes minutes, whatever the size."
  }

  assert {
    condition     = aws_rds_cluster.this.snapshot_identifier == null && aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.manage_master_user_password
    error_message = "It is as hardened as a new cluster, with its own secret."
  }
}

run "two_sources_are_refused" {
  command = plan

  variables {
    restore = { snapshot = "prod-orders-final-aabbccdd", database = "prod-orders" }
  }

  expect_failures = [var.restore]
}

run "no_source_is_refused" {
  command = plan

  variables {
    restore = {}
  }

  expect_failures = [var.restore]
}

run "a_time_without_a_cluster_is_refused" {
  command = plan

  variables {
    restore = { snapshot = "prod-orders-final-aabbccdd", point_in_time = "latest" }
  }

  expect_failures = [var.restore]
}

run "a_time_that_is_no_instant_is_refused" {
  command = plan

  variables {
    restore = { database = "prod-orders", point_in_time = "2026-13-20T10:00:00Z" }
  }

  expect_failures = [var.restore]
}

run "a_local_time_is_refused" {
  command = plan

  variables {
    restore = { database = "prod-orders", point_in_time = "2026-11-20T10:00:00+01:00" }
  }

  expect_failures = [var.restore]
}

run "a_source_that_is_no_identifier_is_refused" {
  command = plan

  variables {
    restore = { database = "prod--orders" }
  }

  expect_failures = [var.restore]
}

run "another_accounts_snapshot_is_refused" {
  command = plan

  variables {
    restore = { snapshot = "arn:aws:rds:eu-central-1:999999999999:cluster-snapshot:theirs" }
  }

  expect_failures = [var.restore]
}

run "an_earlier_time_of_its_environment_is_copied" {
  command = plan

  variables {
    restore = { database = "staging-orders", point_in_time = "2026-11-20T10:00:00Z" }
  }

  assert {
    condition     = aws_rds_cluster.this.restore_to_point_in_time[0].restore_type == "full-copy" && aws_rds_cluster.this.restore_to_point_in_time[0].restore_to_time == "2026-11-20T10:00:00Z"
    error_message = "A clone shares what its source holds now."
  }
}

run "of_an_instances_snapshot_by_its_arn" {
  command = plan

  override_data {
    target          = data.aws_db_snapshot.source[0]
    override_during = plan
    values          = { engine = "postgres", engine_version = "17.6", db_snapshot_arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:staging-orders-final-aabbccdd" }
  }

  override_data {
    target          = data.aws_rds_engine_version.newest[0]
    override_during = plan
    values          = { version_actual = "17.9" }
  }

  variables {
    restore = { snapshot = "staging-orders-final-aabbccdd", engine = "postgres" }
  }

  assert {
    condition     = aws_rds_cluster.this.snapshot_identifier == "arn:aws:rds:eu-central-1:123456789012:snapshot:staging-orders-final-aabbccdd" && length(data.aws_db_cluster_snapshot.source) == 0
    error_message = "RDS takes an instance's snapshot by its ARN alone."
  }

  assert {
    condition     = aws_rds_cluster.this.engine == "aurora-postgresql" && aws_rds_cluster.this.engine_version == "17.7"
    error_message = "The version is Aurora's own, of the same major one."
  }

  assert {
    condition     = aws_rds_cluster.this.kms_key_id == data.aws_kms_alias.this.target_key_arn && aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.manage_master_user_password && aws_rds_cluster.this.serverlessv2_scaling_configuration[0].max_capacity == 2 && aws_rds_cluster_parameter_group.this.family == "aurora-postgresql17"
    error_message = "It is as hardened as a new cluster, and as large as it was asked for."
  }
}

run "of_a_snapshot_newer_than_the_default" {
  command = plan

  override_data {
    target          = data.aws_db_snapshot.source[0]
    override_during = plan
    values          = { engine = "postgres", engine_version = "17.9", db_snapshot_arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:staging-orders-final-aabbccdd" }
  }

  override_data {
    target          = data.aws_rds_engine_version.newest[0]
    override_during = plan
    values          = { version_actual = "17.10" }
  }

  variables {
    restore = { snapshot = "staging-orders-final-aabbccdd", engine = "postgres" }
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "17.10"
    error_message = "Aurora's minor version is not older than the snapshot's."
  }
}

run "of_a_snapshot_newer_than_aurora_is_refused" {
  command = plan

  override_data {
    target          = data.aws_db_snapshot.source[0]
    override_during = plan
    values          = { engine = "postgres", engine_version = "17.11", db_snapshot_arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:staging-orders-final-aabbccdd" }
  }

  override_data {
    target          = data.aws_rds_engine_version.newest[0]
    override_during = plan
    values          = { version_actual = "17.10" }
  }

  variables {
    restore = { snapshot = "staging-orders-final-aabbccdd", engine = "postgres" }
  }

  expect_failures = [aws_rds_cluster.this]
}

run "mysql_of_an_instances_snapshot" {
  command = plan

  override_data {
    target          = data.aws_db_snapshot.source[0]
    override_during = plan
    values          = { engine = "mysql", engine_version = "8.0.42", db_snapshot_arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:rds:staging-shop-2026-11-20-02-05" }
  }

  override_data {
    target          = data.aws_rds_engine_version.this
    override_during = plan
    values          = { version_actual = "8.0.mysql_aurora.3.10.0" }
  }

  variables {
    engine         = "aurora-mysql"
    engine_version = "8.0"
    restore        = { snapshot = "rds:staging-shop-2026-11-20-02-05", engine = "mysql" }
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "8.0.mysql_aurora.3.10.0" && aws_rds_cluster_parameter_group.this.family == "aurora-mysql8.0"
    error_message = "MySQL 8.0 becomes Aurora MySQL 3."
  }
}

run "another_major_version_is_refused" {
  command = plan

  override_data {
    target          = data.aws_db_snapshot.source[0]
    override_during = plan
    values          = { engine = "postgres", engine_version = "16.9", db_snapshot_arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:staging-orders-final-aabbccdd" }
  }

  variables {
    restore = { snapshot = "staging-orders-final-aabbccdd", engine = "postgres" }
  }

  expect_failures = [data.aws_db_snapshot.source]
}

run "an_instance_that_speaks_otherwise_is_refused" {
  command = plan

  variables {
    restore = { snapshot = "staging-orders-final-aabbccdd", engine = "mysql" }
  }

  expect_failures = [var.restore]
}

run "an_instance_at_a_point_in_time_is_refused" {
  command = plan

  variables {
    restore = { database = "staging-orders", point_in_time = "latest", engine = "postgres" }
  }

  expect_failures = [var.restore]
}

run "another_accounts_instance_snapshot_is_refused" {
  command = plan

  variables {
    restore = { snapshot = "arn:aws:rds:eu-central-1:999999999999:snapshot:theirs", engine = "postgres" }
  }

  expect_failures = [var.restore]
}
