# dev/mydb123: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/mydb123/terraform.tfstate"
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
  database_name         = "mydb123"
  engine                = "mysql"
  engine_version        = "8.4"
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 40
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false

  request_id  = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
  team        = "alpha"
  owner       = "alpha"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "2026-11-30T12:00:00Z"
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
