# prod/ledger: RDS Provisioner, format 3. Change it through the API: a pull request that no request made is denied.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/prod/ledger/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {}

module "database" {
  source = "../../../modules/rds_cluster"

  environment           = "prod"
  database_name         = "ledger"
  engine                = "aurora-mysql"
  engine_version        = "8.0"
  min_acu               = 0.5
  max_acu               = 4
  pause_after           = 0
  monitoring            = true
  multi_az              = true
  backup_retention_days = 30
  deletion_protection   = true
  final_snapshot        = true
  backup_window         = "06:30-07:00"
  maintenance_window    = "sat:01:00-sat:01:30"

  request_id  = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
  team        = "alpha"
  owner       = "alpha"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "never"
  restore = {
    snapshot      = null
    database      = "prod-books"
    point_in_time = "latest"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
