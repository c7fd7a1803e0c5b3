# staging/rejected-one: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/staging/rejected-one/terraform.tfstate"
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

  environment           = "staging"
  database_name         = "rejected-one"
  engine                = "mysql"
  engine_version        = "8.4"
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 40
  multi_az              = false
  backup_retention_days = 7
  deletion_protection   = false
  final_snapshot        = true

  request_id  = "01be52c7-23f1-4227-9dcb-4d21367b2753"
  team        = "beta"
  owner       = "beta"
  purpose     = ""
  cost_center = "beta"
  expires_at  = "2026-12-23T06:39:57Z"
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
