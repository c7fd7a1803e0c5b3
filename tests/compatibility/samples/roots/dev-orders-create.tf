# dev/orders: managed by RDS Provisioner. Change it through the API, or here in a pull request.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/orders/terraform.tfstate"
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
  database_name         = "orders"
  engine                = "mysql"
  engine_version        = "8.4"
  instance_class        = "db.t4g.micro"
  storage_gb            = 20
  max_storage_gb        = 40
  multi_az              = false
  backup_retention_days = 1
  deletion_protection   = false
  final_snapshot        = false

  request_id  = "2adee6a3-a553-4015-bab8-1310d3984d51"
  team        = "alpha"
  owner       = "ada@example.com"
  purpose     = "Orders — “new”, with a ` and <b>, $${not} a \"template\""
  cost_center = "alpha"
  expires_at  = "2026-11-27T09:33:15Z"
  tags = {
    "Service" = "shop"
    "note"    = "size_1.0:a/b=c+d-e@f"
  }
}

output "database" {
  description = "Where the database is and which secret opens it."
  value       = module.database
}
