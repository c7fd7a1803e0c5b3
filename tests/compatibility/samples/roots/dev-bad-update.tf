# dev/bad: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/bad/terraform.tfstate"
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
  database_name         = "bad"
  engine                = "mysql"
  engine_version        = "8.4"
  instance_class        = "db.t4g.medium"
  storage_gb            = 40
  max_storage_gb        = 80
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false

  request_id  = "a1fd8db3-1855-4eff-9678-c433184e9b83"
  team        = "alpha"
  owner       = "alpha"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "2026-11-30T06:27:33Z"
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
