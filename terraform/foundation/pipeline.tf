data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  bucket_arn = "arn:${local.partition}:s3:::${var.state_bucket_name}"
  rds        = "arn:${local.partition}:rds:${var.region}:${local.account_id}"
  function   = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${var.stack_name}"

  environments = keys(var.environments)
  keys         = [for environment in local.environments : aws_kms_key.this[environment].arn]
  catalog      = yamldecode(file(coalesce(var.catalog_file, "${path.module}/../../catalog.yaml")))

  # One apply role for each environment: what it may change, and whose data it may restore. Another
  # environment's data only where that one opens it by `restore_to`, the key that API and gate read too.
  own_scopes = {
    for environment in local.environments : environment => {
      targets = [environment]
      sources = [
        for source in local.environments : source
        if source == environment || contains(try(local.catalog.environments[source].restore_to, []), environment)
      ]
    }
  }
  shared_scope = { targets = local.environments, sources = local.environments }
  scopes       = merge(local.own_scopes, var.keep_shared_apply_role ? { "" = local.shared_scope } : {})
  apply_role   = "${var.stack_name}-apply"

  # What stands before the kinds of an ARN: nothing for instances, and `cluster-`. The pipeline that asks for the
  # shared role knows no clusters.
  kinds = { for name in keys(local.scopes) : name => name == "" ? [""] : ["", "cluster-"] }

  # The convention's names are the boundary: databases and parameter groups of other owners in the account
  # start with something else.
  boundaries = {
    for name, scope in local.scopes : name => {
      instances     = [for environment in scope.targets : "${local.rds}:db:${environment}-*"]
      clusters      = [for environment in name == "" ? [] : scope.targets : "${local.rds}:cluster:${environment}-*"]
      subnet_groups = [for environment in scope.targets : "${local.rds}:subgrp:rds-provisioner-${environment}"]
      parameter_groups = flatten([
        for environment in scope.targets : [for kind in local.kinds[name] : "${local.rds}:${kind}pg:${environment}-*"]
      ])
      # Of a removal, and from before an upgrade: the names of lambda/provisioner/core/names.py.
      own_snapshots = flatten([
        for environment in scope.targets : [
          for kind in local.kinds[name] : [for of in ["final", "before"] : "${local.rds}:${kind}snapshot:${environment}-*-${of}-????????"]
        ]
      ])
      sources = flatten([
        for environment in scope.sources : [
          for kind in local.kinds[name] : "${local.rds}:${ { "" = "db", "cluster-" = "cluster" }[kind]}:${environment}-*"
        ]
      ])
      source_snapshots = flatten([
        for environment in scope.sources : [
          for kind in local.kinds[name] : [
            "${local.rds}:${kind}snapshot:${environment}-*",
            "${local.rds}:${kind}snapshot:rds:${environment}-*",
          ]
        ]
      ])
      # A restored database keeps its source's key.
      keys     = [for environment in scope.sources : aws_kms_key.this[environment].arn]
      state    = flatten([for environment in scope.targets : [for prefix in local.prefixes : "${local.bucket_arn}/${prefix}/${environment}/*"]])
      listings = flatten([for environment in scope.targets : [for prefix in local.prefixes : "${prefix}/${environment}/*"]])
      locks    = [for environment in scope.targets : "${local.bucket_arn}/databases/${environment}/*.tflock"]
      logs     = [for environment in scope.targets : "${local.bucket_arn}/logs/apply/${environment}/*"]
      marks    = flatten([for environment in scope.targets : [for prefix in ["reviewed", "applied", "claims"] : "${local.bucket_arn}/${prefix}/${environment}/*"]])
    }
  }
  prefixes = ["databases", "reviewed", "applied", "claims"]

  # The calls that make an instance, a member of a cluster or a cluster.
  creates = [
    "rds:CreateDBCluster",
    "rds:CreateDBInstance",
    "rds:RestoreDBClusterFromSnapshot",
    "rds:RestoreDBClusterToPointInTime",
    "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:RestoreDBInstanceToPointInTime",
  ]

  # Reports go to the alias, which a deployment moves step by step. A pipeline of version 0.1 names none, and is
  # on main until the release is merged.
  report = {
    for kind in ["plan", "apply"] : kind => concat(
      ["${local.function}-${kind}-report:live"],
      var.keep_shared_apply_role ? ["${local.function}-${kind}-report"] : [],
    )
  }

  issuer = "oidc.circleci.com/org/${var.circleci_organization_id}"

  # The subject of CIRCLE_OIDC_TOKEN_V2 up to the reference that it runs on:
  # https://circleci.com/docs/openid-connect-tokens/. The user's id is written as the 36 single characters
  # of a UUID: a `*` there would also match slashes, and so let a branch that someone named
  # x/vcs-origin/<repository>/vcs-ref/refs/heads/main pass as main.
  any_user = "????????-????-????-????-????????????"
  subject  = "org/${var.circleci_organization_id}/project/${var.circleci_project_id}/user/${local.any_user}/vcs-origin/${var.repository}/vcs-ref"

  trust = {
    for role, reference in { plan = "*", apply = "refs/heads/main" } : role => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.circleci.arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = merge(
          {
            StringEquals = { "${local.issuer}:aud" = var.circleci_organization_id }
            StringLike   = { "${local.issuer}:sub" = "${local.subject}/${reference}" }
            # The subject binds the project already; the claim is checked where STS offers it.
            StringEqualsIfExists = { "${local.issuer}:oidc.circleci.com/project-id" = var.circleci_project_id }
          },
          # A job that someone runs again with SSH has main's own subject. The project forbids such runs
          # (docs/deploy.md); where STS offers the claim, so does the role.
          role == "apply" ? { StringNotEqualsIfExists = { "${local.issuer}:oidc.circleci.com/ssh-rerun" = "true" } } : {},
        )
      }]
    })
  }

  # What `terraform plan` and a refresh read. Describe calls take no narrower resource.
  read_statements = [
    {
      Sid    = "Read"
      Effect = "Allow"
      Action = [
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcs",
        "kms:ListAliases",
        "rds:DescribeDBClusterParameterGroups",
        "rds:DescribeDBClusterParameters",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
        "rds:DescribeDBEngineVersions",
        "rds:DescribeDBInstanceAutomatedBackups",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameterGroups",
        "rds:DescribeDBParameters",
        "rds:DescribeDBSnapshots",
        "rds:DescribeDBSubnetGroups",
        "rds:DescribeGlobalClusters", # the provider asks for each cluster whether it belongs to one
        "rds:DescribePendingMaintenanceActions",
        "rds:ListTagsForResource",
      ]
      Resource = "*"
    },
    {
      Sid      = "ReadKeys"
      Effect   = "Allow"
      Action   = ["kms:DescribeKey"]
      Resource = local.keys
    },
    {
      Sid      = "ReadMonitoringRole"
      Effect   = "Allow"
      Action   = ["iam:GetRole"]
      Resource = aws_iam_role.monitoring.arn
    },
    {
      Sid      = "NeverReadPasswords"
      Effect   = "Deny"
      Action   = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "rds-db:connect"]
      Resource = "*"
    },
  ]

  plan_statements = [
    {
      Sid       = "ListState"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = local.bucket_arn
      Condition = { StringLike = { "s3:prefix" = concat([for prefix in local.prefixes : "${prefix}/*"], ["env:/*"]) } }
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = [for prefix in local.prefixes : "${local.bucket_arn}/${prefix}/*"]
    },
    {
      Sid      = "KeepReviewedPlans"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = "${local.bucket_arn}/reviewed/*"
    },
    {
      # Any branch has this role: it adds logs of plans, reads none, and writes over none.
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
      Sid       = "KeepLogsOfPlans"
      Effect    = "Allow"
      Action    = ["s3:PutObject"]
      Resource  = "${local.bucket_arn}/logs/plan/*"
      Condition = { Null = { "s3:if-none-match" = "false" } }
    },
    {
      Sid      = "ReportPlans"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = local.report["plan"]
    },
  ]

  apply_statements = {
    for name, may in local.boundaries : name => [
      {
        Sid       = "ListState"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = local.bucket_arn
        Condition = { StringLike = { "s3:prefix" = concat(may.listings, ["env:/*"]) } }
      },
      {
        Sid      = "CreateTagged"
        Effect   = "Allow"
        Action   = local.creates
        Resource = concat(may.instances, may.clusters)
        Condition = {
          StringEquals = { "aws:RequestTag/ManagedBy" = "rds-provisioner" }
        }
      },
      {
        # RDS asks for each part that the call names, the option group and a member's parameter group that nobody
        # names and, for a restore, the source.
        Sid      = "CreateFromParts"
        Effect   = "Allow"
        Action   = concat(local.creates, ["rds:ModifyDBCluster", "rds:ModifyDBInstance"])
        Resource = concat(["${local.rds}:og:default:*", "${local.rds}:pg:default.aurora-*"], may.parameter_groups, may.subnet_groups, may.source_snapshots)
      },
      {
        Sid       = "RestoreFromOwn"
        Effect    = "Allow"
        Action    = ["rds:RestoreDBClusterToPointInTime", "rds:RestoreDBInstanceToPointInTime"]
        Resource  = may.sources
        Condition = { StringEquals = { "aws:ResourceTag/ManagedBy" = "rds-provisioner" } }
      },
      {
        # A member is made in a cluster, which RDS asks for too.
        Sid    = "ChangeOwn"
        Effect = "Allow"
        Action = [
          "rds:CreateDBInstance",
          "rds:DeleteDBCluster",
          "rds:DeleteDBInstance",
          "rds:ModifyDBCluster",
          "rds:ModifyDBInstance",
          "rds:RebootDBInstance",
        ]
        Resource  = concat(may.instances, may.clusters)
        Condition = { StringEquals = { "aws:ResourceTag/ManagedBy" = "rds-provisioner" } }
      },
      {
        # RDS evaluates this key for an instance's own setting too:
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions-enforce
        Sid       = "NeverLeaveManagedPasswords"
        Effect    = "Deny"
        Action    = ["rds:CreateDBCluster", "rds:CreateDBInstance", "rds:ModifyDBCluster", "rds:ModifyDBInstance"]
        Resource  = "*"
        Condition = { Bool = { "rds:ManageMasterUserPassword" = "false" } }
      },
      {
        Sid      = "LeaveSnapshots"
        Effect   = "Allow"
        Action   = ["rds:CreateDBClusterSnapshot", "rds:CreateDBSnapshot"]
        Resource = concat(may.instances, may.clusters, may.own_snapshots)
      },
      {
        # A retained backup's ARN says nothing of its database; its tags, copied from the database, do.
        Sid       = "DropOwnAutomatedBackups"
        Effect    = "Allow"
        Action    = ["rds:DeleteDBClusterAutomatedBackup", "rds:DeleteDBInstanceAutomatedBackup"]
        Resource  = ["${local.rds}:auto-backup:*", "${local.rds}:cluster-auto-backup:*"]
        Condition = { StringEquals = { "aws:ResourceTag/ManagedBy" = "rds-provisioner" } }
      },
      {
        Sid    = "ChangeParameterGroups"
        Effect = "Allow"
        Action = flatten([
          for kind in ["DBParameterGroup", "DBClusterParameterGroup"] : [for does in ["Create", "Delete", "Modify", "Reset"] : "rds:${does}${kind}"]
        ])
        Resource = may.parameter_groups
      },
      {
        Sid      = "Tag"
        Effect   = "Allow"
        Action   = ["rds:AddTagsToResource", "rds:RemoveTagsFromResource"]
        Resource = concat(may.instances, may.clusters, may.parameter_groups, may.own_snapshots)
      },
      {
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
        Sid      = "LetRdsManageSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:CreateSecret", "secretsmanager:DescribeSecret", "secretsmanager:TagResource"]
        Resource = "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:rds!*"
      },
      {
        Sid      = "UseKeysThroughServices"
        Effect   = "Allow"
        Action   = ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
        Resource = may.keys
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["rds.${var.region}.amazonaws.com", "secretsmanager.${var.region}.amazonaws.com"]
          }
        }
      },
      {
        Sid       = "PassMonitoringRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = aws_iam_role.monitoring.arn
        Condition = { StringEquals = { "iam:PassedToService" = ["monitoring.rds.amazonaws.com", "rds.amazonaws.com"] } }
      },
      {
        Sid       = "FirstDatabaseOfTheAccount"
        Effect    = "Allow"
        Action    = ["iam:CreateServiceLinkedRole"]
        Resource  = "arn:${local.partition}:iam::*:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
        Condition = { StringEquals = { "iam:AWSServiceName" = "rds.amazonaws.com" } }
      },
      {
        # A log grows while its apply runs: each write says which one it follows, for which S3 wants to read.
        Sid      = "KeepStatesAndLogs"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = concat(may.state, may.logs)
      },
      {
        # Terraform releases its lock by deleting it; a state stays, empty, when its database was removed.
        Sid      = "ReleaseLocks"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = concat(may.locks, may.marks)
      },
      {
        Sid      = "ReportApplies"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = local.report["apply"]
      },
    ]
  }
}

resource "aws_iam_openid_connect_provider" "circleci" {
  url            = "https://${local.issuer}"
  client_id_list = [var.circleci_organization_id]
}

resource "aws_iam_role" "plan" {
  name                 = "${var.stack_name}-plan"
  description          = "Taken by the pipeline on any branch: reads, and reports plans"
  assume_role_policy   = local.trust["plan"]
  max_session_duration = 10800 # the nightly check at every database
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.plan.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.read_statements, local.plan_statements) })
}

# The one apply role of versions before 0.2, which an upgrade keeps until the pipeline asks for the others.
moved {
  from = aws_iam_role.apply
  to   = aws_iam_role.apply[""]
}

moved {
  from = aws_iam_role_policy.apply
  to   = aws_iam_role_policy.apply[""]
}

# A restore may run for two hours: 40 minutes to create the instance, up to 80 to change it.
resource "aws_iam_role" "apply" {
  for_each = local.scopes

  name                 = join("-", compact([local.apply_role, each.key]))
  description          = "Taken by the pipeline on main only: creates, changes and removes ${coalesce(each.key, "all")} databases"
  assume_role_policy   = local.trust["apply"]
  max_session_duration = 10800
}

resource "aws_iam_role_policy" "apply" {
  for_each = local.scopes

  name   = "apply"
  role   = aws_iam_role.apply[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.read_statements, local.apply_statements[each.key]) })
}
