# dev/closed: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/closed/terraform.tfstate"
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
  database_name         = "closed"
  engine                = "mysql"
  engine_version        = "8.4"
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 40
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false

  request_id  = "8c56d467-311f-40c4-8d07-b711833534aa"
  team        = "beta"
  owner       = "beta"
  purpose     = ""
  cost_center = "beta"
  expires_at  = "2026-11-30T14:44:17Z"
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
