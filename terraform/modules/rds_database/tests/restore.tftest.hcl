# A database whose first data comes from a snapshot or from another database at a point in time.

mock_provider "aws" {
  mock_data "aws_db_subnet_group" {
    defaults = { vpc_id = "vpc-0123456789abcdef0" }
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
  engine                = "postgres"
  engine_version        = "17"
  instance_class        = "db.t4g.medium"
  storage_gb            = 50
  max_storage_gb        = 100
  multi_az              = false
  backup_retention_days = 7
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
    condition     = aws_db_instance.this.db_name == "orders_copy" && aws_db_instance.this.username == "dbadmin" && length(aws_db_instance.this.restore_to_point_in_time) == 0
    error_message = "A new database has its own name and master user."
  }
}

run "postgres_from_a_snapshot" {
  command = plan

  # The provider reports what the snapshot holds.
  override_resource {
    target          = aws_db_instance.this
    override_during = plan
    values          = { db_name = "orders", username = "dbadmin", engine_version = "17.6" }
  }

  variables {
    restore = { snapshot = "prod-orders-final-aabbccdd" }
  }

  assert {
    condition     = aws_db_instance.this.snapshot_identifier == "prod-orders-final-aabbccdd" && length(aws_db_instance.this.restore_to_point_in_time) == 0
    error_message = "The snapshot is the only source."
  }

  assert {
    condition     = aws_db_instance.this.engine_version == "17.6" && output.database_name == "orders"
    error_message = "Version and name come from the snapshot."
  }

  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.manage_master_user_password && aws_db_parameter_group.this.family == "postgres17"
    error_message = "A restored database is as hardened as a new one, with its own secret."
  }
}

run "mysql_from_an_automated_snapshot" {
  command = plan

  variables {
    engine         = "mysql"
    engine_version = "8.4"
    restore        = { snapshot = "rds:prod-orders-2026-11-20-02-05" }
  }

  assert {
    condition     = aws_db_instance.this.snapshot_identifier == "rds:prod-orders-2026-11-20-02-05" && aws_db_parameter_group.this.family == "mysql8.4"
    error_message = "Automated snapshots can be restored too."
  }
}

run "postgres_from_a_point_in_time" {
  command = plan

  variables {
    restore = { snapshot = null, database = "prod-orders", point_in_time = "2026-11-20T10:00:00Z" }
  }

  assert {
    condition = (
      aws_db_instance.this.restore_to_point_in_time[0].source_db_instance_identifier == "prod-orders" &&
      aws_db_instance.this.restore_to_point_in_time[0].restore_time == "2026-11-20T10:00:00Z" &&
      aws_db_instance.this.restore_to_point_in_time[0].use_latest_restorable_time == null
    )
    error_message = "The database is restored as it was at that instant."
  }

  assert {
    condition     = aws_db_instance.this.vpc_security_group_ids != null && !aws_db_instance.this.publicly_accessible && aws_db_instance.this.identifier == "staging-orders-copy"
    error_message = "The copy stands in its own environment."
  }
}

run "mysql_from_the_latest_point_in_time" {
  command = plan

  variables {
    engine         = "mysql"
    engine_version = "8.4"
    restore        = { database = "prod-orders", point_in_time = "latest" }
  }

  assert {
    condition = (
      aws_db_instance.this.restore_to_point_in_time[0].use_latest_restorable_time == true &&
      aws_db_instance.this.restore_to_point_in_time[0].restore_time == null
    )
    error_message = "latest is what RDS can restore last."
  }
}

run "a_database_without_a_time_means_latest" {
  command = plan

  variables {
    restore = { database = "prod-orders" }
  }

  assert {
    condition     = aws_db_instance.this.restore_to_point_in_time[0].use_latest_restorable_time == true
    error_message = "Without a time the copy is the latest."
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

run "a_time_without_a_database_is_refused" {
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
    restore = { snapshot = "arn:aws:rds:eu-central-1:999999999999:snapshot:theirs" }
  }

  expect_failures = [var.restore]
}

run "an_upgrade_of_what_was_restored_says_the_version" {
  command = plan

  variables {
    engine_version = "17"
    restore        = { snapshot = "prod-orders-final-aabbccdd" }
    upgrade = {
      from     = "16"
      snapshot = "staging-orders-copy-before-3f0c1a2b"
    }
  }

  assert {
    condition     = aws_db_instance.this.engine_version == "17" && aws_db_instance.this.allow_major_version_upgrade
    error_message = "Left out, it would stay the source's."
  }
}
