# What the module asks AWS for, for each engine, version and shape that the catalog may offer.

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
  database_name         = "my-db-123"
  engine                = "aurora-postgresql"
  engine_version        = "17"
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

run "every_cluster_is_hardened" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.kms_key_id == data.aws_kms_alias.this.target_key_arn && data.aws_kms_alias.this.name == "alias/rds-provisioner-dev"
    error_message = "Storage is encrypted with the environment's key, which is found by its alias."
  }

  assert {
    condition     = alltrue([for member in aws_rds_cluster_instance.member : !member.publicly_accessible])
    error_message = "No public address."
  }

  assert {
    condition = (
      aws_rds_cluster.this.db_subnet_group_name == "rds-provisioner-dev" && aws_rds_cluster_instance.member["1"].db_subnet_group_name == "rds-provisioner-dev" &&
      data.aws_security_group.this.name == "rds-provisioner-dev" &&
      data.aws_security_group.this.vpc_id == "vpc-0123456789abcdef0" &&
      tolist(aws_rds_cluster.this.vpc_security_group_ids) == tolist(["sg-0123456789abcdef0"])
    )
    error_message = "The cluster stands in the environment's subnets, behind its security group."
  }

  assert {
    condition     = aws_rds_cluster.this.manage_master_user_password && aws_rds_cluster.this.master_user_secret_kms_key_id == data.aws_kms_alias.this.target_key_arn && aws_rds_cluster.this.master_password == null
    error_message = "RDS manages the master password; none passes through Terraform."
  }

  assert {
    condition     = aws_rds_cluster.this.iam_database_authentication_enabled
    error_message = "IAM authentication is on."
  }

  assert {
    condition     = aws_rds_cluster.this.copy_tags_to_snapshot && aws_rds_cluster.this.backup_retention_period == 1 && aws_rds_cluster.this.delete_automated_backups
    error_message = "Backups are kept and carry the tags."
  }

  assert {
    condition     = aws_rds_cluster_instance.member["1"].auto_minor_version_upgrade && !aws_rds_cluster.this.allow_major_version_upgrade
    error_message = "Minor versions come automatically, major ones never."
  }

  assert {
    condition     = aws_rds_cluster.this.enabled_cloudwatch_logs_exports == toset(["postgresql"])
    error_message = "Logs go to CloudWatch."
  }

  assert {
    condition     = aws_rds_cluster.this.apply_immediately && aws_rds_cluster_instance.member["1"].apply_immediately && aws_rds_cluster_instance.member["1"].ca_cert_identifier == "rds-ca-rsa2048-g1"
    error_message = "Changes happen at the merge, and the certificate authority is a known one."
  }

  assert {
    condition     = aws_rds_cluster.this.engine_lifecycle_support == "open-source-rds-extended-support-disabled"
    error_message = "Nobody pays for a version after its end without a decision."
  }
}

run "extended_support_by_decision" {
  command = plan

  variables {
    extended_support = true
  }

  assert {
    condition     = aws_rds_cluster.this.engine_lifecycle_support == "open-source-rds-extended-support"
    error_message = "Where the root says so, it is made enrolled."
  }
}

run "a_dev_cluster_sleeps" {
  command = plan

  assert {
    condition = (
      aws_rds_cluster.this.serverlessv2_scaling_configuration[0].min_capacity == 0 &&
      aws_rds_cluster.this.serverlessv2_scaling_configuration[0].max_capacity == 2 &&
      aws_rds_cluster.this.serverlessv2_scaling_configuration[0].seconds_until_auto_pause == 300
    )
    error_message = "Without a connection for five minutes it costs its storage alone."
  }

  assert {
    condition     = aws_rds_cluster_instance.member["1"].instance_class == "db.serverless" && aws_rds_cluster.this.engine_mode == "provisioned"
    error_message = "Aurora Serverless v2 is a class of member."
  }
}

run "a_cluster_with_a_smallest_capacity_never_sleeps" {
  command = plan

  variables {
    min_acu     = 0.5
    max_acu     = 8.5
    pause_after = 0
  }

  assert {
    condition     = aws_rds_cluster.this.serverlessv2_scaling_configuration[0].min_capacity == 0.5 && aws_rds_cluster.this.serverlessv2_scaling_configuration[0].max_capacity == 8.5
    error_message = "Half steps are taken."
  }
}

run "the_windows_are_the_roots_own" {
  command = plan

  variables {
    backup_window      = "01:10-01:40"
    maintenance_window = "tue:02:00-tue:02:30"
  }

  assert {
    condition     = aws_rds_cluster.this.preferred_backup_window == "01:10-01:40" && aws_rds_cluster.this.preferred_maintenance_window == "tue:02:00-tue:02:30" && aws_rds_cluster_instance.member["1"].preferred_maintenance_window == "tue:02:00-tue:02:30"
    error_message = "Members are maintained when their cluster is."
  }
}

run "monitoring_is_on_where_the_root_says_so" {
  command = plan

  assert {
    condition     = aws_rds_cluster_instance.member["1"].monitoring_interval == 60 && aws_rds_cluster_instance.member["1"].monitoring_role_arn == data.aws_iam_role.monitoring.arn
    error_message = "Enhanced Monitoring reports every minute."
  }

  assert {
    condition     = aws_rds_cluster.this.performance_insights_enabled && aws_rds_cluster.this.performance_insights_retention_period == 7 && aws_rds_cluster.this.performance_insights_kms_key_id == data.aws_kms_alias.this.target_key_arn
    error_message = "Performance Insights are kept for 7 days, which is free, under the environment's key."
  }

  assert {
    condition     = aws_rds_cluster.this.tags["rds-provisioner:insights-key"] == data.aws_kms_alias.this.target_key_arn
    error_message = "Their key never changes, so that a tag keeps it."
  }
}

run "monitoring_is_off_where_the_root_says_so" {
  command = plan

  variables {
    monitoring = false
  }

  assert {
    condition     = aws_rds_cluster_instance.member["1"].monitoring_interval == 0 && !aws_rds_cluster.this.performance_insights_enabled && aws_rds_cluster.this.tags["rds-provisioner:insights-key"] == "none"
    error_message = "Neither runs, and no key is bound."
  }
}

run "one_member_stands_alone" {
  command = plan

  assert {
    condition     = toset(keys(aws_rds_cluster_instance.member)) == toset(["1"]) && aws_rds_cluster_instance.member["1"].identifier == "dev-my-db-123-member-1" && aws_rds_cluster_instance.member["1"].promotion_tier == 0
    error_message = "A writer, under a name that no database may have."
  }
}

run "high_availability_adds_a_reader_in_another_zone" {
  command = plan

  override_data {
    target          = data.aws_db_subnet_group.this
    override_during = plan
    values          = { subnet_ids = ["subnet-0000000000000000a", "subnet-0000000000000000b", "subnet-0000000000000000c"], vpc_id = "vpc-0123456789abcdef0" }
  }

  override_data {
    target          = data.aws_subnet.this["subnet-0000000000000000a"]
    override_during = plan
    values          = { availability_zone = "eu-central-1a" }
  }

  override_data {
    target          = data.aws_subnet.this["subnet-0000000000000000b"]
    override_during = plan
    values          = { availability_zone = "eu-central-1b" }
  }

  override_data {
    target          = data.aws_subnet.this["subnet-0000000000000000c"]
    override_during = plan
    values          = { availability_zone = "eu-central-1c" }
  }

  override_resource {
    target          = aws_rds_cluster.this
    override_during = plan
    values          = { availability_zones = ["eu-central-1c", "eu-central-1d", "eu-central-1a"] }
  }

  variables {
    multi_az = true
  }

  assert {
    condition     = toset(keys(aws_rds_cluster_instance.member)) == toset(["1", "2"]) && aws_rds_cluster_instance.member["2"].identifier == "dev-my-db-123-member-2"
    error_message = "Aurora fails over to it."
  }

  assert {
    condition     = aws_rds_cluster_instance.member["2"].promotion_tier == 1
    error_message = "Up to tier 1 it is as large as the writer, and sleeps with it."
  }

  assert {
    condition     = aws_rds_cluster_instance.member["1"].availability_zone != aws_rds_cluster_instance.member["2"].availability_zone && length(setsubtract([for member in aws_rds_cluster_instance.member : member.availability_zone], ["eu-central-1a", "eu-central-1c"])) == 0
    error_message = "Both lie in zones that hold a subnet and the cluster's storage, and not in the same one."
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
    condition     = aws_rds_cluster.this.final_snapshot_identifier == "dev-my-db-123-final-3f0c1a2b"
    error_message = "The final snapshot's name is fixed by the request."
  }

  assert {
    condition     = aws_rds_cluster_parameter_group.this.name_prefix == "dev-my-db-123-"
    error_message = "A prefix lets the next major version's group stand next to this one."
  }
}

run "the_longest_name_fits" {
  command = plan

  variables {
    environment   = "abcdefghijklmno"
    database_name = "a123456789b123456789c123456789d1234567"
  }

  assert {
    condition     = length(output.identifier) == 54 && length(aws_rds_cluster_instance.member["1"].identifier) == 63
    error_message = "RDS takes identifiers of up to 63 characters."
  }
}

run "postgres_15" {
  command = plan

  override_data {
    target          = data.aws_rds_engine_version.this
    override_during = plan
    values          = { version_actual = "15.15" }
  }

  variables {
    engine_version = "15"
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "15.15" && data.aws_rds_engine_version.this.default_only && aws_rds_cluster_parameter_group.this.family == "aurora-postgresql15"
    error_message = "Version and parameter group family go together."
  }
}

run "postgres_16" {
  command = plan

  override_data {
    target          = data.aws_rds_engine_version.this
    override_during = plan
    values          = { version_actual = "16.11" }
  }

  variables {
    engine_version = "16"
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "16.11" && data.aws_rds_engine_version.this.default_only && aws_rds_cluster_parameter_group.this.family == "aurora-postgresql16"
    error_message = "Version and parameter group family go together."
  }
}

run "postgres_17_forces_tls" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.engine == "aurora-postgresql" && aws_rds_cluster.this.engine_version == "17.7" && aws_rds_cluster_parameter_group.this.family == "aurora-postgresql17"
    error_message = "Version and parameter group family go together."
  }

  assert {
    condition = one([
      for parameter in aws_rds_cluster_parameter_group.this.parameter : [parameter.value, parameter.apply_method] if parameter.name == "rds.force_ssl"
    ]) == ["1", "pending-reboot"]
    error_message = "PostgreSQL refuses connections without TLS."
  }
}

run "mysql_8_0_forces_tls" {
  command = plan

  override_data {
    target          = data.aws_rds_engine_version.this
    override_during = plan
    values          = { version_actual = "8.0.mysql_aurora.3.10.3" }
  }

  variables {
    engine         = "aurora-mysql"
    engine_version = "8.0"
  }

  assert {
    condition     = aws_rds_cluster.this.engine == "aurora-mysql" && aws_rds_cluster.this.engine_version == "8.0.mysql_aurora.3.10.3" && aws_rds_cluster_parameter_group.this.family == "aurora-mysql8.0"
    error_message = "Version and parameter group family go together."
  }

  assert {
    condition = { for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.name => [parameter.value, parameter.apply_method] } == {
      require_secure_transport = ["ON", "immediate"]
      log_output               = ["FILE", "pending-reboot"]
      slow_query_log           = ["1", "immediate"]
      long_query_time          = ["1", "immediate"]
    }
    error_message = "MySQL refuses connections without TLS, and each parameter has the method that RDS answers with."
  }

  assert {
    condition     = aws_rds_cluster.this.enabled_cloudwatch_logs_exports == toset(["error", "slowquery"])
    error_message = "MySQL has its own logs."
  }
}

run "no_cluster_replicates_logically" {
  command = plan

  assert {
    condition     = length([for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter if contains(["rds.logical_replication", "binlog_format"], parameter.name)]) == 0
    error_message = "It would never sleep."
  }
}

run "prod_is_protected_and_leaves_a_snapshot" {
  command = plan

  variables {
    environment           = "prod"
    deletion_protection   = true
    final_snapshot        = true
    backup_retention_days = 30
    expires_at            = "never"
  }

  assert {
    condition     = aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.backup_retention_period == 30 && aws_rds_cluster.this.tags["ExpiresAt"] == "never" && aws_rds_cluster.this.db_subnet_group_name == "rds-provisioner-prod"
    error_message = "Protected, backed up for 30 days, without end."
  }
}

run "dev_leaves_nothing_behind" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.delete_automated_backups && !aws_rds_cluster.this.deletion_protection
    error_message = "Removal leaves no snapshot where the environment wants none."
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
    condition = aws_rds_cluster.this.tags == tomap({
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
    condition     = aws_rds_cluster_parameter_group.this.tags == aws_rds_cluster.this.tags && alltrue([for member in aws_rds_cluster_instance.member : member.tags == aws_rds_cluster.this.tags])
    error_message = "Every resource carries them."
  }
}

run "outputs_say_where_the_cluster_is" {
  command = plan

  override_resource {
    target          = aws_rds_cluster.this
    override_during = plan
    values = {
      arn                 = "arn:aws:rds:eu-central-1:123456789012:cluster:dev-my-db-123"
      availability_zones  = ["eu-central-1a"]
      endpoint            = "dev-my-db-123.cluster-abc.eu-central-1.rds.amazonaws.com"
      reader_endpoint     = "dev-my-db-123.cluster-ro-abc.eu-central-1.rds.amazonaws.com"
      port                = 5432
      cluster_resource_id = "cluster-ABCDEFGHIJKL"
      master_user_secret  = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1", secret_status = "active", kms_key_id = "" }]
    }
  }

  assert {
    condition     = output.endpoint == "dev-my-db-123.cluster-abc.eu-central-1.rds.amazonaws.com" && output.reader_endpoint == "dev-my-db-123.cluster-ro-abc.eu-central-1.rds.amazonaws.com" && output.port == 5432
    error_message = "The endpoints are host names alone."
  }

  assert {
    condition     = output.resource_id == "cluster-ABCDEFGHIJKL" && output.arn == "arn:aws:rds:eu-central-1:123456789012:cluster:dev-my-db-123"
    error_message = "Id and ARN are the cluster's, not a member's."
  }

  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1"
    error_message = "The secret is named, never read."
  }
}

run "a_secret_that_is_not_there_yet_breaks_no_plan" {
  command = plan

  override_resource {
    target          = aws_rds_cluster.this
    override_during = plan
    values          = { master_user_secret = [], availability_zones = ["eu-central-1a"] }
  }

  assert {
    condition     = output.secret_arn == null
    error_message = "secret_arn is null without a secret."
  }
}

run "keys_stay_when_the_alias_moves" {
  command = plan

  override_data {
    target          = data.aws_rds_clusters.all
    override_during = plan
    values          = { cluster_identifiers = ["dev-my-db-123"] }
  }

  override_data {
    target          = data.aws_rds_cluster.held[0]
    override_during = plan
    values = {
      engine_version     = "17.9"
      tags               = { "rds-provisioner:insights-key" = "arn:aws:kms:eu-central-1:123456789012:key/before" }
      master_user_secret = [{ secret_arn = "", secret_status = "active", kms_key_id = "arn:aws:kms:eu-central-1:123456789012:key/secrets" }]
    }
  }

  assert {
    condition     = aws_rds_cluster.this.performance_insights_kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/before" && aws_rds_cluster.this.master_user_secret_kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/secrets"
    error_message = "RDS changes neither."
  }
}

run "a_key_is_remembered_while_monitoring_is_off" {
  command = plan

  override_data {
    target          = data.aws_rds_clusters.all
    override_during = plan
    values          = { cluster_identifiers = ["dev-my-db-123"] }
  }

  override_data {
    target          = data.aws_rds_cluster.held[0]
    override_during = plan
    values = {
      engine_version     = "17.9"
      tags               = { "rds-provisioner:insights-key" = "arn:aws:kms:eu-central-1:123456789012:key/before" }
      master_user_secret = [{ secret_arn = "", secret_status = "active", kms_key_id = "arn:aws:kms:eu-central-1:123456789012:key/secrets" }]
    }
  }

  variables {
    monitoring = false
  }

  assert {
    condition     = !aws_rds_cluster.this.performance_insights_enabled && aws_rds_cluster.this.tags["rds-provisioner:insights-key"] == "arn:aws:kms:eu-central-1:123456789012:key/before"
    error_message = "It is the one to switch them on with again."
  }
}

run "a_minor_upgrade_by_aws_is_no_change" {
  command = plan

  override_data {
    target          = data.aws_rds_clusters.all
    override_during = plan
    values          = { cluster_identifiers = ["dev-my-db-123"] }
  }

  override_data {
    target          = data.aws_rds_cluster.held[0]
    override_during = plan
    values = {
      engine_version     = "17.9"
      tags               = { "rds-provisioner:insights-key" = "arn:aws:kms:eu-central-1:123456789012:key/before" }
      master_user_secret = [{ secret_arn = "", secret_status = "active", kms_key_id = "arn:aws:kms:eu-central-1:123456789012:key/secrets" }]
    }
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "17.9"
    error_message = "What runs stays, also where the region's default is older."
  }
}

run "another_major_version_leads_to_its_default" {
  command = plan

  override_data {
    target          = data.aws_rds_clusters.all
    override_during = plan
    values          = { cluster_identifiers = ["dev-my-db-123"] }
  }

  override_data {
    target          = data.aws_rds_cluster.held[0]
    override_during = plan
    values = {
      engine_version     = "16.13"
      tags               = { "rds-provisioner:insights-key" = "arn:aws:kms:eu-central-1:123456789012:key/before" }
      master_user_secret = [{ secret_arn = "", secret_status = "active", kms_key_id = "arn:aws:kms:eu-central-1:123456789012:key/secrets" }]
    }
  }

  assert {
    condition     = aws_rds_cluster.this.engine_version == "17.7" && aws_rds_cluster_parameter_group.this.family == "aurora-postgresql17"
    error_message = "RDS upgrades to a version that is named whole."
  }
}

run "an_upgrade_is_allowed_by_its_own_root_alone" {
  command = plan

  variables {
    engine_version = "17"
    upgrade = {
      from     = "16"
      snapshot = "prod-orders-before-3f0c1a2b"
    }
  }

  assert {
    condition     = aws_rds_cluster.this.allow_major_version_upgrade
    error_message = "The root of an upgrade has to allow it."
  }

  assert {
    condition     = aws_rds_cluster_parameter_group.this.family == "aurora-postgresql17"
    error_message = "Another major version has another family of parameters."
  }
}

run "any_other_root_allows_no_upgrade" {
  command = plan

  assert {
    condition     = !aws_rds_cluster.this.allow_major_version_upgrade
    error_message = "Only the root of an upgrade may allow one."
  }
}
