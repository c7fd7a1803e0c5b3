# What the module asks AWS for, for each engine, version and environment shape that the catalog offers.

mock_provider "aws" {
  mock_data "aws_db_subnet_group" {
    defaults = { vpc_id = "vpc-0123456789abcdef0" }
  }

  mock_data "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
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
  database_name         = "my-db-123"
  engine                = "postgres"
  engine_version        = "17"
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

run "every_database_is_hardened" {
  command = plan

  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == data.aws_kms_alias.this.target_key_arn
    error_message = "Storage is encrypted with the environment's key."
  }

  assert {
    condition     = data.aws_kms_alias.this.name == "alias/rds-provisioner-dev"
    error_message = "The key is found by its alias."
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "No public address."
  }

  assert {
    condition = (
      aws_db_instance.this.db_subnet_group_name == "rds-provisioner-dev" &&
      data.aws_security_group.this.name == "rds-provisioner-dev" &&
      data.aws_security_group.this.vpc_id == "vpc-0123456789abcdef0" &&
      tolist(aws_db_instance.this.vpc_security_group_ids) == tolist(["sg-0123456789abcdef0"])
    )
    error_message = "The database stands in the environment's subnets, behind its security group."
  }

  assert {
    condition = (
      aws_db_instance.this.manage_master_user_password &&
      aws_db_instance.this.master_user_secret_kms_key_id == data.aws_kms_alias.this.target_key_arn &&
      aws_db_instance.this.password == null
    )
    error_message = "RDS manages the master password; none passes through Terraform."
  }

  assert {
    condition     = aws_db_instance.this.iam_database_authentication_enabled
    error_message = "IAM authentication is on."
  }

  assert {
    condition     = aws_db_instance.this.copy_tags_to_snapshot && aws_db_instance.this.backup_retention_period == 1
    error_message = "Backups are kept and carry the tags."
  }

  assert {
    condition     = aws_db_instance.this.auto_minor_version_upgrade && !aws_db_instance.this.allow_major_version_upgrade
    error_message = "Minor versions come automatically, major ones never."
  }

  assert {
    condition     = aws_db_instance.this.monitoring_interval == 60 && aws_db_instance.this.monitoring_role_arn == data.aws_iam_role.monitoring.arn
    error_message = "Enhanced monitoring reports every minute."
  }

  assert {
    condition     = aws_db_instance.this.storage_type == "gp3" && aws_db_instance.this.allocated_storage == 20 && aws_db_instance.this.max_allocated_storage == 40
    error_message = "gp3 storage grows automatically up to its bound."
  }

  assert {
    condition     = aws_db_instance.this.enabled_cloudwatch_logs_exports == toset(["postgresql", "upgrade"])
    error_message = "Logs go to CloudWatch."
  }

  assert {
    condition     = aws_db_instance.this.apply_immediately && aws_db_instance.this.ca_cert_identifier == "rds-ca-rsa2048-g1"
    error_message = "Changes happen at the merge, and the certificate authority is a known one."
  }
}

run "names_follow_the_convention" {
  command = plan

  assert {
    condition     = output.identifier == "dev-my-db-123"
    error_message = "The identifier is <environment>-<database_name>."
  }

  assert {
    condition     = output.database_name == "my_db_123"
    error_message = "Hyphens become underscores inside the engine."
  }

  assert {
    condition     = aws_db_instance.this.final_snapshot_identifier == "dev-my-db-123-final-3f0c1a2b"
    error_message = "The final snapshot's name is fixed by the request."
  }

  assert {
    condition     = aws_db_parameter_group.this.name_prefix == "dev-my-db-123-"
    error_message = "A prefix lets the next major version's group stand next to this one."
  }
}

run "the_longest_name_fits" {
  command = plan

  variables {
    environment   = "abcdefghijklmno"
    database_name = "a123456789b123456789c123456789d123456789"
  }

  assert {
    condition     = length(output.identifier) == 56
    error_message = "RDS takes identifiers of up to 63 characters."
  }
}

run "postgres_15" {
  command = plan

  variables {
    engine_version = "15"
  }

  assert {
    condition     = aws_db_instance.this.engine_version == "15" && aws_db_parameter_group.this.family == "postgres15"
    error_message = "Version and parameter group family go together."
  }
}

run "postgres_16" {
  command = plan

  variables {
    engine_version = "16"
  }

  assert {
    condition     = aws_db_instance.this.engine_version == "16" && aws_db_parameter_group.this.family == "postgres16"
    error_message = "Version and parameter group family go together."
  }
}

run "postgres_18" {
  command = plan

  variables {
    engine_version = "18"
  }

  assert {
    condition     = aws_db_instance.this.engine_version == "18" && aws_db_parameter_group.this.family == "postgres18"
    error_message = "Version and parameter group family go together."
  }
}

run "postgres_17_forces_tls" {
  command = plan

  assert {
    condition     = aws_db_instance.this.engine_version == "17" && aws_db_parameter_group.this.family == "postgres17"
    error_message = "Version and parameter group family go together."
  }

  assert {
    condition = one([
      for parameter in aws_db_parameter_group.this.parameter : [parameter.value, parameter.apply_method] if parameter.name == "rds.force_ssl"
    ]) == ["1", "pending-reboot"]
    error_message = "PostgreSQL refuses connections without TLS."
  }

  assert {
    condition     = aws_db_instance.this.performance_insights_enabled && aws_db_instance.this.performance_insights_retention_period == 7
    error_message = "PostgreSQL has Performance Insights on every class, free for 7 days."
  }
}

run "mysql_8_4_forces_tls" {
  command = plan

  variables {
    engine         = "mysql"
    engine_version = "8.4"
  }

  assert {
    condition     = aws_db_instance.this.engine_version == "8.4" && aws_db_parameter_group.this.family == "mysql8.4"
    error_message = "Version and parameter group family go together."
  }

  assert {
    condition     = { for parameter in aws_db_parameter_group.this.parameter : parameter.name => parameter.value }["require_secure_transport"] == "1"
    error_message = "MySQL refuses connections without TLS."
  }

  assert {
    condition = { for parameter in aws_db_parameter_group.this.parameter : parameter.name => parameter.apply_method } == {
      require_secure_transport        = "immediate"
      log_output                      = "pending-reboot"
      slow_query_log                  = "immediate"
      long_query_time                 = "immediate"
      log_bin_trust_function_creators = "pending-reboot"
    }
    error_message = "Each parameter has the method that RDS takes and answers with."
  }

  assert {
    condition     = { for parameter in aws_db_parameter_group.this.parameter : parameter.name => parameter.value }["log_bin_trust_function_creators"] == "1"
    error_message = "The database's users make triggers and functions."
  }

  assert {
    condition     = aws_db_instance.this.enabled_cloudwatch_logs_exports == toset(["error", "slowquery"])
    error_message = "MySQL has its own logs."
  }

  assert {
    condition     = !aws_db_instance.this.performance_insights_enabled
    error_message = "MySQL on a micro class has no Performance Insights."
  }
}

run "mysql_has_no_performance_insights_on_any_class" {
  command = plan

  variables {
    engine         = "mysql"
    engine_version = "8.4"
    instance_class = "db.t4g.medium"
  }

  assert {
    condition     = !aws_db_instance.this.performance_insights_enabled && aws_db_instance.this.tags["rds-provisioner:insights-key"] == "none"
    error_message = "No change of size may switch them on or off."
  }
}

run "the_key_of_performance_insights_is_kept_in_a_tag" {
  command = plan

  assert {
    condition = (
      aws_db_instance.this.performance_insights_kms_key_id == data.aws_kms_alias.this.target_key_arn &&
      aws_db_instance.this.tags["rds-provisioner:insights-key"] == data.aws_kms_alias.this.target_key_arn
    )
    error_message = "They are encrypted with the environment's key, and it stays when the alias moves."
  }
}

run "an_upgrade_is_allowed_by_its_own_root_alone" {
  command = plan

  variables {
    engine_version = "18"
    upgrade = {
      from     = "15"
      snapshot = "dev-my-db-123-before-3f0c1a2b"
    }
  }

  assert {
    condition     = aws_db_instance.this.allow_major_version_upgrade && aws_db_instance.this.engine_version == "18"
    error_message = "RDS takes another major version with this flag only."
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "postgres18"
    error_message = "The parameter group is of the new version's family."
  }
}

run "any_other_root_allows_no_upgrade" {
  command = plan

  assert {
    condition     = !aws_db_instance.this.allow_major_version_upgrade
    error_message = "A change of the version that no upgrade asked for is refused by RDS."
  }
}

run "windows_are_as_given" {
  command = plan

  variables {
    backup_window      = "23:45-00:15"
    maintenance_window = "sat:23:45-sun:00:15"
  }

  assert {
    condition     = aws_db_instance.this.backup_window == "23:45-00:15" && aws_db_instance.this.maintenance_window == "sat:23:45-sun:00:15"
    error_message = "The root says when RDS backs the database up and maintains it."
  }
}

run "a_root_that_says_no_windows_keeps_those_of_before" {
  command = plan

  assert {
    condition     = aws_db_instance.this.backup_window == "03:00-04:00" && aws_db_instance.this.maintenance_window == "sun:04:30-sun:05:30"
    error_message = "Roots of earlier formats name no windows."
  }
}

run "no_extended_support" {
  command = plan

  assert {
    condition     = aws_db_instance.this.engine_lifecycle_support == "open-source-rds-extended-support-disabled"
    error_message = "Nobody pays for a version after its end without a decision."
  }
}

run "extended_support_by_decision" {
  command = plan

  variables {
    extended_support = true
  }

  assert {
    condition     = aws_db_instance.this.engine_lifecycle_support == "open-source-rds-extended-support"
    error_message = "Where the root says so, it is made enrolled."
  }
}

run "staging_leaves_a_snapshot" {
  command = plan

  variables {
    environment           = "staging"
    engine_version        = "16"
    instance_class        = "db.t4g.medium"
    storage_gb            = 100
    max_storage_gb        = 200
    backup_retention_days = 7
    final_snapshot        = true
  }

  assert {
    condition     = !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.delete_automated_backups && !aws_db_instance.this.deletion_protection
    error_message = "Removal leaves a snapshot, and no automated backups, of which an account keeps 40."
  }

  assert {
    condition     = aws_db_instance.this.db_subnet_group_name == "rds-provisioner-staging"
    error_message = "The environment chooses the network."
  }
}

run "prod_is_protected_and_redundant" {
  command = plan

  variables {
    environment           = "prod"
    engine                = "mysql"
    engine_version        = "8.4"
    instance_class        = "db.m7g.large"
    storage_gb            = 500
    max_storage_gb        = 1000
    multi_az              = true
    backup_retention_days = 30
    deletion_protection   = true
    final_snapshot        = true
    expires_at            = "never"
  }

  assert {
    condition     = aws_db_instance.this.deletion_protection && aws_db_instance.this.multi_az && aws_db_instance.this.backup_retention_period == 30
    error_message = "Protected, redundant, backed up for 30 days."
  }

  assert {
    condition     = aws_db_instance.this.tags["ExpiresAt"] == "never"
    error_message = "A database may be without end."
  }
}

run "dev_leaves_nothing_behind" {
  command = plan

  assert {
    condition     = aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.delete_automated_backups
    error_message = "Removal leaves no snapshot where the environment wants none."
  }
}

run "equal_bounds_switch_growth_off" {
  command = plan

  variables {
    storage_gb     = 100
    max_storage_gb = 100
  }

  assert {
    condition     = aws_db_instance.this.max_allocated_storage == null || aws_db_instance.this.max_allocated_storage == 0
    error_message = "RDS refuses a bound that equals the size."
  }
}

run "tags_say_who_what_and_until_when" {
  command = plan

  variables {
    owner   = "Zoë <zoe@example.org>"
    purpose = "Orders; the (new) shop\n\"v2\""
    tags    = { Service = "orders", "Data Class" = "internal" }
  }

  assert {
    condition = aws_db_instance.this.tags == tomap({
      ManagedBy    = "rds-provisioner"
      RequestId    = "3f0c1a2b-1111-4222-8333-444455556666"
      Team         = "alpha"
      Owner        = "Zoë zoe@example.org"
      Environment  = "dev"
      ExpiresAt    = "2026-11-30T12:00:00Z"
      CostCenter   = "alpha"
      Purpose      = "Orders the new shop v2"
      Service      = "orders"
      "Data Class" = "internal"

      "rds-provisioner:insights-key" = data.aws_kms_alias.this.target_key_arn
    })
    error_message = "All tags, cleaned of what AWS refuses."
  }

  assert {
    condition     = aws_db_parameter_group.this.tags == aws_db_instance.this.tags
    error_message = "Every resource carries them."
  }
}

run "outputs_say_where_the_database_is" {
  command = plan

  override_resource {
    target          = aws_db_instance.this
    override_during = plan
    values = {
      address            = "dev-my-db-123.abcdefghijkl.eu-central-1.rds.amazonaws.com"
      arn                = "arn:aws:rds:eu-central-1:123456789012:db:dev-my-db-123"
      port               = 5432
      resource_id        = "db-ABCDEFGHIJKL"
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1", secret_status = "active", kms_key_id = "" }]
    }
  }

  assert {
    condition     = output.endpoint == "dev-my-db-123.abcdefghijkl.eu-central-1.rds.amazonaws.com" && output.port == 5432 && output.resource_id == "db-ABCDEFGHIJKL"
    error_message = "The endpoint is the host name alone."
  }

  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1"
    error_message = "The secret is named, never read."
  }
}

run "a_secret_that_is_not_there_yet_breaks_no_plan" {
  command = plan

  override_resource {
    target          = aws_db_instance.this
    override_during = plan
    values          = { master_user_secret = [] }
  }

  assert {
    condition     = output.secret_arn == null
    error_message = "secret_arn is null without a secret."
  }
}
