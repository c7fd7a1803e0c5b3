# prod/vault: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/prod/vault/terraform.tfstate"
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

  environment           = "prod"
  database_name         = "vault"
  engine                = "postgres"
  engine_version        = "17"
  instance_class        = "db.t4g.medium"
  storage_gb            = 50
  max_storage_gb        = 100
  multi_az              = false
  backup_retention_days = 30
  deletion_protection   = true
  final_snapshot        = true

  request_id  = "7c1926ca-afc2-4d5e-b612-27e704ab31e9"
  team        = "beta"
  owner       = "beta"
  purpose     = ""
  cost_center = "beta"
  expires_at  = "never"
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
