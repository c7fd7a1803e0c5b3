# Every value that the module refuses, one run each: the rest of the root is a valid one.

mock_provider "aws" {
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_data "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/rds-provisioner-monitoring" }
  }
}

variables {
  environment           = "dev"
  database_name         = "mydb123"
  engine                = "mysql"
  engine_version        = "8.4"
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 40
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false
  request_id            = "3f0c1a2b-1111-4222-8333-444455556666"
  team                  = "alpha"
  owner                 = "alpha"
  purpose               = ""
  cost_center           = "alpha"
  expires_at            = "2026-11-30T12:00:00Z"
}

run "an_environment_with_a_hyphen_is_refused" {
  command = plan

  variables {
    environment = "dev-1"
  }

  expect_failures = [var.environment]
}

run "an_environment_in_capitals_is_refused" {
  command = plan

  variables {
    environment = "Dev"
  }

  expect_failures = [var.environment]
}

run "an_environment_of_16_characters_is_refused" {
  command = plan

  variables {
    environment = "abcdefghijklmnop"
  }

  expect_failures = [var.environment]
}

run "a_name_that_starts_with_a_digit_is_refused" {
  command = plan

  variables {
    database_name = "1db"
  }

  expect_failures = [var.database_name]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    database_name = "MyDb"
  }

  expect_failures = [var.database_name]
}

run "a_name_with_an_underscore_is_refused" {
  command = plan

  variables {
    database_name = "my_db"
  }

  expect_failures = [var.database_name]
}

run "a_name_with_two_hyphens_in_a_row_is_refused" {
  command = plan

  variables {
    database_name = "my--db"
  }

  expect_failures = [var.database_name]
}

run "a_name_that_ends_with_a_hyphen_is_refused" {
  command = plan

  variables {
    database_name = "mydb-"
  }

  expect_failures = [var.database_name]
}

run "a_name_that_climbs_the_path_is_refused" {
  command = plan

  variables {
    database_name = "../mydb"
  }

  expect_failures = [var.database_name]
}

run "a_name_with_a_line_break_is_refused" {
  command = plan

  variables {
    database_name = "mydb\n"
  }

  expect_failures = [var.database_name]
}

run "an_empty_name_is_refused" {
  command = plan

  variables {
    database_name = ""
  }

  expect_failures = [var.database_name]
}

run "a_name_of_41_characters_is_refused" {
  command = plan

  variables {
    database_name = "a123456789b123456789c123456789d123456789e"
  }

  expect_failures = [var.database_name]
}

run "an_unknown_engine_is_refused" {
  command = plan

  variables {
    engine = "oracle"
  }

  expect_failures = [var.engine]
}

run "a_version_of_the_other_engine_is_refused" {
  command = plan

  variables {
    engine_version = "17"
  }

  expect_failures = [var.engine_version]
}

run "a_minor_version_is_refused" {
  command = plan

  variables {
    engine_version = "8.4.3"
  }

  expect_failures = [var.engine_version]
}

run "a_version_out_of_support_is_refused" {
  command = plan

  variables {
    engine_version = "5.7"
  }

  expect_failures = [var.engine_version]
}

run "a_class_of_another_service_is_refused" {
  command = plan

  variables {
    instance_class = "cache.t4g.micro"
  }

  expect_failures = [var.instance_class]
}

run "a_class_without_size_is_refused" {
  command = plan

  variables {
    instance_class = "db.t4g"
  }

  expect_failures = [var.instance_class]
}

run "storage_below_gp3_is_refused" {
  command = plan

  variables {
    storage_gb = 19
  }

  expect_failures = [var.storage_gb]
}

run "storage_above_gp3_is_refused" {
  command = plan

  variables {
    storage_gb = 65537
  }

  expect_failures = [var.storage_gb]
}

run "storage_in_fractions_is_refused" {
  command = plan

  variables {
    storage_gb = 20.5
  }

  expect_failures = [var.storage_gb]
}

run "a_growth_bound_below_the_storage_is_refused" {
  command = plan

  variables {
    max_storage_gb = 19
  }

  expect_failures = [var.max_storage_gb]
}

run "a_growth_bound_too_close_to_the_storage_is_refused" {
  command = plan

  variables {
    max_storage_gb = 21
  }

  expect_failures = [var.max_storage_gb]
}

run "a_growth_bound_above_gp3_is_refused" {
  command = plan

  variables {
    max_storage_gb = 65537
  }

  expect_failures = [var.max_storage_gb]
}

run "no_backups_is_refused" {
  command = plan

  variables {
    backup_retention_days = 0
  }

  expect_failures = [var.backup_retention_days]
}

run "backups_beyond_what_rds_keeps_is_refused" {
  command = plan

  variables {
    backup_retention_days = 36
  }

  expect_failures = [var.backup_retention_days]
}

run "an_upgrade_from_its_own_version_is_refused" {
  command = plan

  variables {
    upgrade = {
      from     = "8.4"
      snapshot = "dev-mydb123-before-3f0c1a2b"
    }
  }

  expect_failures = [var.upgrade]
}

run "a_backup_window_that_is_no_time_is_refused" {
  command = plan

  variables {
    backup_window      = "24:00-01:00"
    maintenance_window = "sun:04:30-sun:05:00"
  }

  expect_failures = [var.backup_window]
}

run "one_window_without_the_other_is_refused" {
  command = plan

  variables {
    backup_window = "03:00-03:30"
  }

  expect_failures = [var.backup_window]
}

run "a_maintenance_window_without_a_day_is_refused" {
  command = plan

  variables {
    backup_window      = "03:00-03:30"
    maintenance_window = "04:30-05:00"
  }

  expect_failures = [var.maintenance_window]
}

run "a_request_id_that_is_no_uuid_is_refused" {
  command = plan

  variables {
    request_id = "3f0c"
  }

  expect_failures = [var.request_id]
}

run "an_empty_team_is_refused" {
  command = plan

  variables {
    team = ""
  }

  expect_failures = [var.team]
}

run "an_empty_owner_is_refused" {
  command = plan

  variables {
    owner = ""
  }

  expect_failures = [var.owner]
}

run "an_empty_cost_center_is_refused" {
  command = plan

  variables {
    cost_center = ""
  }

  expect_failures = [var.cost_center]
}

run "an_expiry_in_days_is_refused" {
  command = plan

  variables {
    expires_at = "7d"
  }

  expect_failures = [var.expires_at]
}

run "an_expiry_without_time_is_refused" {
  command = plan

  variables {
    expires_at = "2026-11-30"
  }

  expect_failures = [var.expires_at]
}

run "an_expiry_that_is_no_date_is_refused" {
  command = plan

  variables {
    expires_at = "2026-02-30T12:00:00Z"
  }

  expect_failures = [var.expires_at]
}

run "an_expiry_in_local_time_is_refused" {
  command = plan

  variables {
    expires_at = "2026-11-30T12:00:00+01:00"
  }

  expect_failures = [var.expires_at]
}

run "a_reserved_tag_is_refused" {
  command = plan

  variables {
    tags = { ManagedBy = "me" }
  }

  expect_failures = [var.tags]
}

run "a_reserved_tag_in_other_capitals_is_refused" {
  command = plan

  variables {
    tags = { expiresat = "never" }
  }

  expect_failures = [var.tags]
}

run "a_tag_of_aws_is_refused" {
  command = plan

  variables {
    tags = { "aws:createdBy" = "me" }
  }

  expect_failures = [var.tags]
}

run "a_tag_of_rds_is_refused" {
  command = plan

  variables {
    tags = { "rds:owner" = "x" }
  }

  expect_failures = [var.tags]
}

run "a_tag_of_rds_in_capitals_is_refused" {
  command = plan

  variables {
    tags = { "RDS:owner" = "x" }
  }

  expect_failures = [var.tags]
}

run "a_tag_value_that_begins_as_awss_own_is_refused" {
  command = plan

  variables {
    tags = { x = "aws:y" }
  }

  expect_failures = [var.tags]
}

run "a_tag_value_that_begins_as_rdss_own_is_refused" {
  command = plan

  variables {
    tags = { x = "rds:y" }
  }

  expect_failures = [var.tags]
}

run "an_owner_that_begins_as_awss_own_is_refused" {
  command = plan

  variables {
    owner = "aws:x"
  }

  expect_failures = [var.tags]
}

run "a_purpose_that_begins_as_rdss_own_in_capitals_is_refused" {
  command = plan

  variables {
    purpose = "RDS:x"
  }

  expect_failures = [var.tags]
}

run "a_tag_value_that_aws_refuses_is_refused" {
  command = plan

  variables {
    tags = { Service = "a;b" }
  }

  expect_failures = [var.tags]
}

run "a_tag_key_that_aws_refuses_is_refused" {
  command = plan

  variables {
    tags = { "a<b" = "c" }
  }

  expect_failures = [var.tags]
}

run "more_than_40_tags_are_refused" {
  command = plan

  variables {
    tags = { for number in range(41) : "tag${number}" => "x" }
  }

  expect_failures = [var.tags]
}
