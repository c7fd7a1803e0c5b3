# dev/mydb123: RDS Provisioner, format 3. Change it through the API: a pull request that no request made is denied.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/mydb123/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {}

module "database" {
  source = "../../../modules/rds_database"

  environment           = "dev"
  database_name         = "mydb123"
  engine                = "postgres"
  engine_version        = "17"
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 40
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false
  backup_window         = "01:00-01:30"
  maintenance_window    = "sun:03:00-sun:03:30"
  extended_support      = true

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
