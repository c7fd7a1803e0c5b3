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
  instance_class        = "db.t4g.medium"
  storage_gb            = 200
  max_storage_gb        = 400
  multi_az              = true
  backup_retention_days = 7
  deletion_protection   = false
  final_snapshot        = true

  request_id  = "81c4e0f2-ad37-4a37-8559-f3a3202ab021"
  team        = "alpha"
  owner       = "ada"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "2027-01-21T05:51:55Z"
  tags = {
    "Service" = "books"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
