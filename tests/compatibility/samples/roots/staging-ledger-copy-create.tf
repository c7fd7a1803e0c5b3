# staging/ledger-copy: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/staging/ledger-copy/terraform.tfstate"
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
  database_name         = "ledger-copy"
  engine                = "postgres"
  engine_version        = "16"
  instance_class        = "db.m7g.large"
  storage_gb            = 100
  max_storage_gb        = 200
  multi_az              = true
  backup_retention_days = 7
  deletion_protection   = false
  final_snapshot        = true

  request_id  = "3ad0ba03-8932-49c1-ab9a-8ab93e2203c9"
  team        = "alpha"
  owner       = "ada"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "2027-01-21T05:51:55Z"
  tags = {
    "CostCenter2" = "77"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
