variable "region" {
  description = "AWS region that everything stands in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region such as eu-central-1."
  }
}

variable "stack_name" {
  description = "Name of the SAM stack, from which its functions' names derive."
  type        = string
  default     = "rds-provisioner"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,39}$", var.stack_name))
    error_message = "stack_name must be a CloudFormation stack name of at most 40 characters."
  }
}

variable "state_bucket_name" {
  description = "Name of the bucket for Terraform state, reviewed plans and apply markers; unique in all of AWS."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.state_bucket_name))
    error_message = "state_bucket_name must be 3 to 63 lowercase letters, digits and hyphens, starting and ending with a letter or digit."
  }
}

variable "circleci_organization_id" {
  description = "CircleCI organization id (Organization Settings > Overview)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.circleci_organization_id))
    error_message = "circleci_organization_id must be a lowercase UUID."
  }
}

variable "circleci_project_id" {
  description = "CircleCI project id (Project Settings > Overview)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.circleci_project_id))
    error_message = "circleci_project_id must be a lowercase UUID."
  }
}

variable "repository" {
  description = "Repository whose pipelines may take the roles, as CircleCI names it: github.com/owner/name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "repository must be host/owner/name without wildcards, such as github.com/acme/rds-provisioner."
  }
}

variable "environments" {
  description = "Environments of the catalog: the VPC and private subnets of each, and who may connect to its databases."
  type = map(object({
    vpc_id                    = string
    subnet_ids                = set(string)
    client_security_group_ids = optional(set(string), [])
    client_cidr_blocks        = optional(set(string), [])
  }))
  nullable = false

  validation {
    condition     = length(var.environments) > 0 && alltrue([for name in keys(var.environments) : can(regex("^[a-z][a-z0-9]{0,14}$", name))])
    error_message = "environments must have names of 1 to 15 lowercase letters and digits that start with a letter."
  }

  validation {
    condition     = alltrue([for environment in var.environments : length(environment.subnet_ids) >= 2])
    error_message = "environments need subnets in at least two availability zones each, as RDS asks for."
  }

  # Private ranges only (RFC 1918 and RFC 6598), so that no mistake opens a database to the world.
  validation {
    condition = alltrue(flatten([
      for environment in var.environments : [
        for block in environment.client_cidr_blocks :
        can(cidrhost(block, 0)) && can(regex("^(10\\..*/([89]|[12][0-9]|3[0-2])|172\\.(1[6-9]|2[0-9]|3[01])\\..*/(1[2-9]|2[0-9]|3[0-2])|192\\.168\\..*/(1[6-9]|2[0-9]|3[0-2])|100\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\..*/([1-2][0-9]|3[0-2]))$", block))
      ]
    ]))
    error_message = "client_cidr_blocks must be private IPv4 ranges; a database takes no connection from the world."
  }
}

variable "catalog_file" {
  description = "Path of the catalog, whose `restore_to` says between which environments data may go; null for the repository's own."
  type        = string
  default     = null
}

variable "keep_shared_apply_role" {
  description = "Keep the one apply role of earlier versions next to those of the environments, while main still asks for it; docs/upgrade.md says when."
  type        = bool
  default     = false
  nullable    = false
}
