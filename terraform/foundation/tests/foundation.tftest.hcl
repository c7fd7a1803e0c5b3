# What the account gets, and what the pipeline's two roles may and may not do.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      key_id = "11111111-2222-3333-4444-555555555555"
    }
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.circleci.com/org/11111111-2222-4333-8444-555555555555" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/rds-provisioner-monitoring" }
  }
}

variables {
  region                   = "eu-central-1"
  state_bucket_name        = "acme-rds-provisioner-state"
  circleci_organization_id = "11111111-2222-4333-8444-555555555555"
  circleci_project_id      = "66666666-7777-4888-8999-aaaaaaaaaaaa"
  repository               = "github.com/acme/rds-provisioner"

  environments = {
    dev = {
      vpc_id                    = "vpc-0000000000000dev0"
      subnet_ids                = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
      client_security_group_ids = ["sg-0000000000000dev0"]
      client_cidr_blocks        = ["10.0.128.0/20"]
    }
    staging = {
      vpc_id                    = "vpc-0000000000000sta0"
      subnet_ids                = ["subnet-0000000000000000c", "subnet-0000000000000000d"]
      client_security_group_ids = ["sg-0000000000000sta0"]
    }
    prod = {
      vpc_id     = "vpc-0000000000000pro0"
      subnet_ids = ["subnet-0000000000000000e", "subnet-0000000000000000f"]
    }
  }
}

run "the_state_bucket_is_closed" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "A state that was overwritten can be had back."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects are encrypted."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.state.block_public_acls && aws_s3_bucket_public_access_block.state.block_public_policy &&
      aws_s3_bucket_public_access_block.state.ignore_public_acls && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    )
    error_message = "Nothing in it is public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.state.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "The account owns every object."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])
    error_message = "Requests without TLS are denied."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.state.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
    error_message = "Old versions do not pile up."
  }
}

run "each_environment_has_its_own_network_and_key" {
  command = plan

  assert {
    condition = (
      { for name, group in aws_db_subnet_group.this : name => group.name } == { for name in ["dev", "prod", "staging"] : name => "rds-provisioner-${name}" } &&
      { for name, group in aws_security_group.this : name => group.name } == { for name in ["dev", "prod", "staging"] : name => "rds-provisioner-${name}" } &&
      { for name, alias in aws_kms_alias.this : name => alias.name } == { for name in ["dev", "prod", "staging"] : name => "alias/rds-provisioner-${name}" }
    )
    error_message = "The module finds these by name."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation])
    error_message = "Keys rotate."
  }

  assert {
    condition     = aws_iam_role.monitoring.name == "rds-provisioner-monitoring"
    error_message = "The module finds the monitoring role by name."
  }
}

run "only_named_clients_reach_a_database" {
  command = plan

  assert {
    condition = keys(aws_vpc_security_group_ingress_rule.this) == [
      "dev/mysql/10.0.128.0/20",
      "dev/mysql/sg-0000000000000dev0",
      "dev/postgres/10.0.128.0/20",
      "dev/postgres/sg-0000000000000dev0",
      "staging/mysql/sg-0000000000000sta0",
      "staging/postgres/sg-0000000000000sta0",
    ]
    error_message = "One rule for each client and engine, none for prod, which names no client."
  }

  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.this :
      rule.from_port == rule.to_port && contains([5432, 3306], rule.from_port) && rule.ip_protocol == "tcp" && rule.cidr_ipv6 == null
    ])
    error_message = "Rules open the engines' ports alone."
  }
}

run "the_apply_role_is_for_main_alone" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.apply["dev"].assume_role_policy).Statement[0].Condition == {
      StringEqualsIfExists    = { "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555:oidc.circleci.com/project-id" = "66666666-7777-4888-8999-aaaaaaaaaaaa" }
      StringNotEqualsIfExists = { "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555:oidc.circleci.com/ssh-rerun" = "true" }
      StringEquals            = { "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555:aud" = "11111111-2222-4333-8444-555555555555" }
      StringLike = {
        "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555:sub" = "org/11111111-2222-4333-8444-555555555555/project/66666666-7777-4888-8999-aaaaaaaaaaaa/user/????????-????-????-????-????????????/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/refs/heads/main"
      }
    }
    error_message = "Organization, project, repository and branch are all bound."
  }

  # IAM's ? is one character and * any number of them, slashes included.
  assert {
    condition = {
      for case, subject in {
        main      = "user/99999999-0000-4111-8222-333333333333/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/refs/heads/main"
        branch    = "user/99999999-0000-4111-8222-333333333333/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/refs/heads/rds/dev/mydb123/create-3f0c1a2b"
        disguised = "user/99999999-0000-4111-8222-333333333333/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/refs/heads/x/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/refs/heads/main"
        fork      = "user/99999999-0000-4111-8222-333333333333/vcs-origin/github.com/mallory/rds-provisioner/vcs-ref/refs/heads/main"
        old_token = "user/99999999-0000-4111-8222-333333333333"
      } :
      case => can(regex(
        "^${replace(replace(replace(jsondecode(aws_iam_role.apply["dev"].assume_role_policy).Statement[0].Condition.StringLike["oidc.circleci.com/org/11111111-2222-4333-8444-555555555555:sub"], ".", "[.]"), "?", "."), "*", ".*")}$",
        "org/11111111-2222-4333-8444-555555555555/project/66666666-7777-4888-8999-aaaaaaaaaaaa/${subject}",
      ))
    } == { main = true, branch = false, disguised = false, fork = false, old_token = false }
    error_message = "Only main's own jobs match, whatever someone names a branch."
  }

  assert {
    condition     = aws_iam_role.apply["dev"].max_session_duration == 10800
    error_message = "A long restore outlasts the default hour."
  }
}

run "the_plan_role_is_for_any_branch_of_the_repository" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.plan.assume_role_policy).Statement[0].Condition.StringLike == {
      "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555:sub" = "org/11111111-2222-4333-8444-555555555555/project/66666666-7777-4888-8999-aaaaaaaaaaaa/user/????????-????-????-????-????????????/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/*"
    }
    error_message = "The repository's own branches, no fork."
  }
}

run "the_plan_role_reads_and_reports" {
  command = plan

  assert {
    condition = toset([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Action if statement.Effect == "Allow"]) :
      action if !can(regex("^[a-z0-9-]+:(Describe|Get|List)", action))
    ]) == toset(["lambda:InvokeFunction", "s3:PutObject"])
    error_message = "Besides reading it writes objects and calls one function."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Resource
      if contains(statement.Action, "s3:PutObject")
      ] == [
      "arn:aws:s3:::acme-rds-provisioner-state/reviewed/*",
      "arn:aws:s3:::acme-rds-provisioner-state/logs/plan/*",
    ]
    error_message = "It writes reviewed plans and logs of plans, never a state or an apply marker."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Resource
      if contains(statement.Action, "lambda:InvokeFunction")
      ]) == [
      "arn:aws:lambda:eu-central-1:123456789012:function:rds-provisioner-plan-report:live",
    ]
    error_message = "It reports plans, not applies."
  }
}

run "the_apply_role_changes_the_provisioners_own_alone" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.apply["dev"].policy).Statement :
      try(statement.Condition.StringEquals["aws:ResourceTag/ManagedBy"], "") == "rds-provisioner"
      if statement.Effect == "Allow" && (contains(statement.Action, "rds:DeleteDBInstance") || contains(statement.Action, "rds:DeleteDBCluster"))
    ])
    error_message = "It deletes what it made."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.apply["dev"].policy).Statement : statement.Resource
      if statement.Effect == "Allow" && contains(statement.Action, "rds:DeleteDBInstance")
    ] == [["arn:aws:rds:eu-central-1:123456789012:db:dev-*", "arn:aws:rds:eu-central-1:123456789012:cluster:dev-*"]]
    error_message = "Only names of that environment."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.apply["dev"].policy).Statement :
      statement.Resource != "*" && !contains(flatten([statement.Resource]), "*")
      if statement.Effect == "Allow" && anytrue([for action in statement.Action : !can(regex("^[a-z0-9-]+:(Describe|List)", action))])
    ])
    error_message = "What changes something names what it changes."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.apply["dev"].policy).Statement : [statement.Resource, statement.Condition.StringEquals["iam:PassedToService"]]
      if contains(statement.Action, "iam:PassRole")
    ] == [["arn:aws:iam::123456789012:role/rds-provisioner-monitoring", ["monitoring.rds.amazonaws.com", "rds.amazonaws.com"]]]
    error_message = "It passes the monitoring role to RDS and nothing else."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.apply["dev"].policy).Statement : statement.Resource
      if contains(statement.Action, "s3:DeleteObject")
      ]) == [
      "arn:aws:s3:::acme-rds-provisioner-state/databases/dev/*.tflock",
      "arn:aws:s3:::acme-rds-provisioner-state/reviewed/dev/*",
      "arn:aws:s3:::acme-rds-provisioner-state/applied/dev/*",
      "arn:aws:s3:::acme-rds-provisioner-state/claims/dev/*",
    ]
    error_message = "It deletes locks, markers and claims, never a state."
  }

  assert {
    condition     = length(replace(aws_iam_role_policy.apply["dev"].policy, " ", "")) < 10240
    error_message = "IAM takes 10,240 characters of inline policy."
  }
}

run "no_role_reads_a_password" {
  command = plan

  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.plan.policy, aws_iam_role_policy.apply["dev"].policy] :
      anytrue([for statement in jsondecode(policy).Statement : statement.Effect == "Deny" && contains(statement.Action, "secretsmanager:GetSecretValue") && statement.Resource == "*"])
    ])
    error_message = "Reading a secret is denied outright."
  }

  assert {
    condition = alltrue([
      for action in flatten([
        for policy in [aws_iam_role_policy.plan.policy, aws_iam_role_policy.apply["dev"].policy] : [for statement in jsondecode(policy).Statement : statement.Action if statement.Effect == "Allow"]
      ]) : !strcontains(action, "*")
    ])
    error_message = "Every permission is spelled out."
  }
}

run "names_derive_from_the_stack" {
  command = plan

  variables {
    stack_name = "databases"
  }

  assert {
    condition     = aws_iam_role.plan.name == "databases-plan" && aws_iam_role.apply["dev"].name == "databases-apply-dev"
    error_message = "The roles bear the stack's name."
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.apply["dev"].policy, "function:databases-apply-report")
    error_message = "The roles call the stack's functions."
  }
}

run "each_environment_has_an_apply_role_of_its_own" {
  command = plan

  assert {
    condition     = { for environment, role in aws_iam_role.apply : environment => role.name } == { for name in ["dev", "prod", "staging"] : name => "rds-provisioner-apply-${name}" }
    error_message = "No role changes the databases of two environments."
  }

  assert {
    condition     = output.apply_role_arn == "arn:aws:iam::123456789012:role/rds-provisioner-apply"
    error_message = "A job adds its environment to what the project knows."
  }

  assert {
    condition = alltrue([
      for environment, policy in aws_iam_role_policy.apply : alltrue([
        for other in ["dev", "prod", "staging"] : environment == other || !can(regex("(:db|:cluster|:pg|:cluster-pg|:snapshot|:snapshot:rds|:cluster-snapshot|:cluster-snapshot:rds):${other}-|/${other}/", policy.policy))
      ])
    ])
    error_message = "As delivered, no environment opens its data to another."
  }
}

run "data_goes_where_its_environment_opens_it" {
  command = plan

  variables {
    catalog_file = "tests/opened.yaml"
  }

  assert {
    condition = jsonencode({
      for environment, policy in aws_iam_role_policy.apply : environment => sort([
        for resource in flatten([
          for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "rds:RestoreDBInstanceFromDBSnapshot")
        ]) : replace(resource, "arn:aws:rds:eu-central-1:123456789012:", "") if strcontains(resource, "snapshot:")
      ])
      }) == jsonencode({
      dev = [
        "cluster-snapshot:dev-*",
        "cluster-snapshot:prod-*",
        "cluster-snapshot:rds:dev-*",
        "cluster-snapshot:rds:prod-*",
        "snapshot:dev-*",
        "snapshot:prod-*",
        "snapshot:rds:dev-*",
        "snapshot:rds:prod-*",
      ]
      prod = [
        "cluster-snapshot:prod-*",
        "cluster-snapshot:rds:prod-*",
        "snapshot:prod-*",
        "snapshot:rds:prod-*",
      ]
      staging = [
        "cluster-snapshot:rds:staging-*",
        "cluster-snapshot:staging-*",
        "snapshot:rds:staging-*",
        "snapshot:staging-*",
      ]
    })
    error_message = "prod opens its data to dev, and to nobody else."
  }
}

run "the_shared_role_of_earlier_versions_can_be_kept" {
  command = plan

  variables {
    keep_shared_apply_role = true
  }

  assert {
    condition     = aws_iam_role.apply[""].name == "rds-provisioner-apply" && length(aws_iam_role.apply) == 4
    error_message = "An upgrade keeps it until main asks for the others."
  }

  assert {
    condition     = length(replace(aws_iam_role_policy.apply[""].policy, " ", "")) < 10240
    error_message = "IAM takes 10,240 characters of inline policy."
  }
}

run "a_database_stays_with_managed_passwords" {
  command = plan

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.apply : anytrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && contains(statement.Action, "rds:ModifyDBInstance") && try(statement.Condition.Bool["rds:ManageMasterUserPassword"], "") == "false"
      ])
    ])
    error_message = "Nobody sets their own password through the pipeline's role."
  }
}
