# dev/mydb123: removed. Applying this root destroys what its state holds.

terraform {
  required_version = ">= 1.10"

  backend "s3" {
    key          = "databases/dev/mydb123/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {}
