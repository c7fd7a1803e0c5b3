# Every value that the foundation refuses, one run each.

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

run "a_region_that_is_none_is_refused" {
  command = plan

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

run "a_stack_name_with_a_space_is_refused" {
  command = plan

  variables {
    stack_name = "my stack"
  }

  expect_failures = [var.stack_name]
}

run "a_bucket_name_with_capitals_is_refused" {
  command = plan

  variables {
    state_bucket_name = "Acme"
  }

  expect_failures = [var.state_bucket_name]
}

run "an_organization_that_is_no_uuid_is_refused" {
  command = plan

  variables {
    circleci_organization_id = "acme"
  }

  expect_failures = [var.circleci_organization_id]
}

run "a_project_with_a_wildcard_is_refused" {
  command = plan

  variables {
    circleci_project_id = "*"
  }

  expect_failures = [var.circleci_project_id]
}

run "a_repository_with_a_wildcard_is_refused" {
  command = plan

  variables {
    repository = "github.com/acme/*"
  }

  expect_failures = [var.repository]
}

run "a_repository_with_a_scheme_is_refused" {
  command = plan

  variables {
    repository = "https://github.com/acme/rds-provisioner"
  }

  expect_failures = [var.repository]
}

run "no_environment_is_refused" {
  command = plan

  variables {
    environments = {}
  }

  expect_failures = [var.environments]
}

run "an_environment_with_a_hyphen_is_refused" {
  command = plan

  variables {
    environments = {
      dev-1 = { vpc_id = "vpc-0000000000000dev0", subnet_ids = ["subnet-0000000000000000a", "subnet-0000000000000000b"] }
    }
  }

  expect_failures = [var.environments]
}

run "a_single_subnet_is_refused" {
  command = plan

  variables {
    environments = {
      dev = {
        vpc_id     = "vpc-0000000000000dev0"
        subnet_ids = ["subnet-0000000000000000a"]
      }
    }
  }

  expect_failures = [var.environments]
}

run "the_world_is_refused" {
  command = plan

  variables {
    environments = {
      dev = {
        vpc_id             = "vpc-0000000000000dev0"
        subnet_ids         = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
        client_cidr_blocks = ["0.0.0.0/0"]
      }
    }
  }

  expect_failures = [var.environments]
}

run "the_world_in_ipv6_is_refused" {
  command = plan

  variables {
    environments = {
      dev = {
        vpc_id             = "vpc-0000000000000dev0"
        subnet_ids         = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
        client_cidr_blocks = ["::/0"]
      }
    }
  }

  expect_failures = [var.environments]
}

run "a_public_range_is_refused" {
  command = plan

  variables {
    environments = {
      dev = {
        vpc_id             = "vpc-0000000000000dev0"
        subnet_ids         = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
        client_cidr_blocks = ["8.8.8.0/24"]
      }
    }
  }

  expect_failures = [var.environments]
}

run "a_private_range_widened_to_public_is_refused" {
  command = plan

  variables {
    environments = {
      dev = {
        vpc_id             = "vpc-0000000000000dev0"
        subnet_ids         = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
        client_cidr_blocks = ["10.0.0.0/4"]
      }
    }
  }

  expect_failures = [var.environments]
}

run "a_range_that_is_none_is_refused" {
  command = plan

  variables {
    environments = {
      dev = {
        vpc_id             = "vpc-0000000000000dev0"
        subnet_ids         = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
        client_cidr_blocks = ["10.0.0.300/24"]
      }
    }
  }

  expect_failures = [var.environments]
}
