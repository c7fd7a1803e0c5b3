# Every value that the module refuses. A run takes about half a second, so that one run has a wrong value for each of
# many variables; what depends on another variable has its own run.

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
  environment           = "dev"
  database_name         = "mydb123"
  engine                = "aurora-mysql"
  engine_version        = "8.0"
  min_acu               = 0
  max_acu               = 2
  pause_after           = 300
  monitoring            = true
  multi_az              = false
  backup_retention_days = 1
  backup_window         = "03:00-04:00"
  maintenance_window    = "sun:04:30-sun:05:30"
  deletion_protection   = false
  final_snapshot        = false
  request_id            = "3f0c1a2b-1111-4222-8333-444455556666"
  team                  = "alpha"
  owner                 = "alpha"
  purpose               = ""
  cost_center           = "alpha"
  expires_at            = "2026-11-30T12:00:00Z"
}

run "the_first_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # an environment with a hyphen
    environment = "dev-1"
    # an unknown engine
    engine = "oracle"
    # a backup window without its end
    backup_window = "03:00"
    # a maintenance window without days
    maintenance_window = "04:30-05:30"
    # no backups
    backup_retention_days = 0
    # a request id that is no uuid
    request_id = "3f0c"
    # an empty team
    team = ""
    # an empty owner
    owner = ""
    # an empty cost center
    cost_center = ""
    # an expiry in days
    expires_at = "7d"
  }

  expect_failures = [
    var.environment,
    var.engine,
    var.backup_window,
    var.maintenance_window,
    var.backup_retention_days,
    var.request_id,
    var.team,
    var.owner,
    var.cost_center,
    var.expires_at,
  ]
}

run "the_second_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name that starts with a digit
    database_name = "1db"
    # a version of the other engine
    engine_version = "17"
    # a reserved tag
    tags = { ManagedBy = "me" }
    # a backup window that is no time
    backup_window = "24:00-25:00"
    # a maintenance window in capitals
    maintenance_window = "Sun:04:30-Sun:05:30"
    # backups beyond what rds keeps
    backup_retention_days = 36
    # an expiry without time
    expires_at = "2026-11-30"
  }

  expect_failures = [
    var.database_name,
    var.engine_version,
    var.tags,
    var.backup_window,
    var.maintenance_window,
    var.backup_retention_days,
    var.expires_at,
  ]
}

run "the_third_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # an environment in capitals
    environment = "Dev"
    # an engine of instances
    engine = "mysql"
    # a reserved tag in other capitals
    tags = { expiresat = "never" }
    # an expiry that is no date
    expires_at = "2026-02-30T12:00:00Z"
  }

  expect_failures = [
    var.environment,
    var.engine,
    var.tags,
    var.expires_at,
  ]
}

run "the_fourth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name with capitals
    database_name = "MyDb"
    # a minor version
    engine_version = "8.4.3"
    # a tag of aws
    tags = { "aws:createdBy" = "me" }
    # an expiry in local time
    expires_at = "2026-11-30T12:00:00+01:00"
  }

  expect_failures = [
    var.database_name,
    var.engine_version,
    var.tags,
    var.expires_at,
  ]
}

run "the_fifth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # an environment of 16 characters
    environment = "abcdefghijklmnop"
    # a version out of support
    engine_version = "5.7"
    # a tag of rds
    tags = { "rds:owner" = "x" }
  }

  expect_failures = [
    var.environment,
    var.engine_version,
    var.tags,
  ]
}

run "the_sixth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name with an underscore
    database_name = "my_db"
    # a tag of rds in capitals
    tags = { "RDS:owner" = "x" }
  }

  expect_failures = [
    var.database_name,
    var.tags,
  ]
}

run "the_seventh_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name with two hyphens in a row
    database_name = "my--db"
    # a tag value that begins as awss own
    tags = { x = "aws:y" }
  }

  expect_failures = [
    var.database_name,
    var.tags,
  ]
}

run "the_eighth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name that ends with a hyphen
    database_name = "mydb-"
    # a tag value that begins as rdss own
    tags = { x = "rds:y" }
  }

  expect_failures = [
    var.database_name,
    var.tags,
  ]
}

run "the_ninth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name that climbs the path
    database_name = "../mydb"
    # a tag value that aws refuses
    tags = { Service = "a;b" }
  }

  expect_failures = [
    var.database_name,
    var.tags,
  ]
}

run "the_tenth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name with a line break
    database_name = "mydb\n"
    # a tag key that aws refuses
    tags = { "a<b" = "c" }
  }

  expect_failures = [
    var.database_name,
    var.tags,
  ]
}

run "the_eleventh_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # an empty name
    database_name = ""
    # more than 40 tags
    tags = { for number in range(41) : "tag${number}" => "x" }
  }

  expect_failures = [
    var.database_name,
    var.tags,
  ]
}

run "the_twelfth_wrong_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # a name of 41 characters
    database_name = "a123456789b123456789c123456789d123456789e"
  }

  expect_failures = [
    var.database_name,
  ]
}

run "a_name_whose_members_names_are_too_long_is_refused" {
  command = plan

  variables {
    environment   = "abcdefghijklmno"
    database_name = "a123456789b123456789c123456789d12345678"
  }

  expect_failures = [var.database_name]
}

run "a_capacity_below_nothing_is_refused" {
  command = plan

  variables {
    min_acu     = -0.5
    pause_after = 0
  }

  expect_failures = [var.min_acu]
}

run "a_capacity_between_the_half_steps_is_refused" {
  command = plan

  variables {
    min_acu     = 0.25
    pause_after = 0
  }

  expect_failures = [var.min_acu]
}

run "a_smallest_capacity_above_what_aurora_has_is_refused" {
  command = plan

  variables {
    min_acu     = 256.5
    max_acu     = 256
    pause_after = 0
  }

  expect_failures = [var.min_acu]
}

run "a_largest_capacity_below_one_is_refused" {
  command = plan

  variables {
    max_acu = 0.5
  }

  expect_failures = [var.max_acu]
}

run "a_largest_capacity_between_the_half_steps_is_refused" {
  command = plan

  variables {
    max_acu = 2.3
  }

  expect_failures = [var.max_acu]
}

run "a_largest_capacity_above_what_aurora_has_is_refused" {
  command = plan

  variables {
    max_acu = 256.5
  }

  expect_failures = [var.max_acu]
}

run "a_largest_capacity_below_the_smallest_is_refused" {
  command = plan

  variables {
    min_acu     = 4
    max_acu     = 2
    pause_after = 0
  }

  expect_failures = [var.max_acu]
}

run "sleep_after_less_than_five_minutes_is_refused" {
  command = plan

  variables {
    pause_after = 299
  }

  expect_failures = [var.pause_after]
}

run "sleep_after_more_than_a_day_is_refused" {
  command = plan

  variables {
    pause_after = 86401
  }

  expect_failures = [var.pause_after]
}

run "sleep_after_a_fraction_of_a_second_is_refused" {
  command = plan

  variables {
    pause_after = 300.5
  }

  expect_failures = [var.pause_after]
}

run "sleep_of_a_cluster_with_a_smallest_capacity_is_refused" {
  command = plan

  variables {
    min_acu     = 0.5
    pause_after = 300
  }

  expect_failures = [var.pause_after]
}

run "a_cluster_that_may_shrink_to_nothing_and_says_not_when_is_refused" {
  command = plan

  variables {
    pause_after = 0
  }

  expect_failures = [var.pause_after]
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

run "an_upgrade_from_its_own_version_is_refused" {
  command = plan

  variables {
    upgrade = {
      from     = "8.0"
      snapshot = "prod-orders-before-3f0c1a2b"
    }
  }

  expect_failures = [var.upgrade]
}
