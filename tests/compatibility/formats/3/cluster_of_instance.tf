# dev/nap: RDS Provisioner, format 3. Change it through the API: a pull request that no request made is denied.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/nap/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {}

module "database" {
  source = "../../../modules/rds_cluster"

  environment           = "dev"
  database_name         = "nap"
  engine                = "aurora-postgresql"
  engine_version        = "16"
  min_acu               = 0
  max_acu               = 2
  pause_after           = 600
  monitoring            = false
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false
  backup_window         = "03:00-03:30"
  maintenance_window    = "sat:04:30-sat:05:00"

  request_id  = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
  team        = "alpha"
  owner       = "alpha"
  purpose     = ""
  cost_center = "alpha"
  expires_at  = "2026-11-30T12:00:00Z"
  restore = {
    snapshot      = "dev-orders-final-3f0c1a2b"
    database      = null
    point_in_time = null
    engine        = "postgres"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
