# dev/clone: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/clone/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {}

module "database" {
  source = "../../../modules/rds_database"

  environment           = "dev"
  database_name         = "clone"
  engine                = "postgres"
  engine_version        = "16"
  instance_class        = "db.t4g.medium"
  storage_gb            = 100
  max_storage_gb        = 100
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false

  request_id  = "e94bb6c3-8bf3-4d62-bc43-89c0d3f3de88"
  team        = "alpha"
  owner       = "alpha"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "2026-11-30T05:59:37Z"
  restore = {
    snapshot      = null
    database      = "staging-ledger-copy"
    point_in_time = "latest"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
