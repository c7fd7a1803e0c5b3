# prod/orders: RDS Provisioner, format 3. Change it through the API: a pull request that no request made is denied.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/prod/orders/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {}

module "database" {
  source = "../../../modules/rds_database"

  environment           = "prod"
  database_name         = "orders"
  engine                = "postgres"
  engine_version        = "17"
  instance_class        = "db.t4g.medium"
  storage_gb            = 200
  max_storage_gb        = 400
  multi_az              = true
  backup_retention_days = 30
  deletion_protection   = true
  final_snapshot        = true
  backup_window         = "03:00-03:30"
  maintenance_window    = "sat:01:30-sat:02:00"

  request_id  = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
  team        = "alpha"
  owner       = "alpha"
  purpose     = "Orders, \"all\" of them: $${not a template}"
  cost_center = "alpha"
  expires_at  = "never"
  tags = {
    "Data Class" = "personal"
    "Service"    = "orders"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
