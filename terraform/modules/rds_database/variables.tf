variable "environment" {
  description = "Environment that the database belongs to, such as dev or prod. No hyphen, so that <environment>-<database_name> reads one way only."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,14}$", var.environment))
    error_message = "environment must be 1 to 15 lowercase letters and digits and start with a letter."
  }
}

variable "database_name" {
  description = "Name that people gave the database; inside the engine its hyphens become underscores."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.database_name)) && length(var.database_name) <= 40
    error_message = "database_name must be at most 40 lowercase letters, digits and single hyphens, start with a letter and not end with a hyphen."
  }
}

variable "engine" {
  description = "Database engine: postgres or mysql."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["postgres", "mysql"], var.engine)
    error_message = "engine must be postgres or mysql."
  }
}

variable "engine_version" {
  description = "Major version of the engine. AWS chooses and upgrades the minor version."
  type        = string
  nullable    = false

  validation {
    condition     = contains(lookup({ postgres = ["15", "16", "17", "18"], mysql = ["8.4"] }, var.engine, []), var.engine_version)
    error_message = "engine_version must be a major version in standard support: 15, 16, 17 or 18 for postgres, 8.4 for mysql."
  }
}

variable "instance_class" {
  description = "RDS instance class, such as db.t4g.micro."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[a-z][a-z0-9]*\\.(micro|small|medium|large|[0-9]*xlarge)$", var.instance_class))
    error_message = "instance_class must be an RDS instance class such as db.t4g.micro or db.m7g.large."
  }
}

variable "storage_gb" {
  description = "Storage in GiB. It may grow, and never shrinks."
  type        = number
  nullable    = false

  validation {
    condition     = var.storage_gb >= 20 && var.storage_gb <= 65536 && floor(var.storage_gb) == var.storage_gb
    error_message = "storage_gb must be a whole number from 20 to 65536, the bounds of gp3 storage."
  }
}

variable "max_storage_gb" {
  description = "Size in GiB up to which RDS may grow the storage automatically; the same as storage_gb switches that off."
  type        = number
  nullable    = false

  validation {
    condition     = var.max_storage_gb == var.storage_gb || var.max_storage_gb * 10 >= var.storage_gb * 11
    error_message = "max_storage_gb must equal storage_gb (no growth) or exceed it by at least 10 %, as RDS asks for."
  }

  validation {
    condition     = var.max_storage_gb <= 65536 && floor(var.max_storage_gb) == var.max_storage_gb
    error_message = "max_storage_gb must be a whole number of at most 65536, the bound of gp3 storage."
  }
}

variable "multi_az" {
  description = "Whether a standby runs in a second availability zone."
  type        = bool
  nullable    = false
}

variable "backup_retention_days" {
  description = "Days for which automated backups are kept. At least 1, without which there is no restore to a point in time."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35 && floor(var.backup_retention_days) == var.backup_retention_days
    error_message = "backup_retention_days must be a whole number from 1 to 35."
  }
}

variable "deletion_protection" {
  description = "Whether RDS refuses to delete the database. Switch it off, and apply that, before removing the root."
  type        = bool
  nullable    = false
}

variable "final_snapshot" {
  description = "Whether removing the database leaves a snapshot."
  type        = bool
  nullable    = false
}

variable "backup_window" {
  description = "When RDS takes the daily backup, in UTC such as 03:00-03:30, away from the maintenance window. Empty: as before roots said it."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.backup_window == "" || can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_window))
    error_message = "backup_window must be two times in UTC such as 03:00-03:30."
  }

  validation {
    condition     = (var.backup_window == "") == (var.maintenance_window == "")
    error_message = "backup_window and maintenance_window are given together, or neither."
  }
}

variable "maintenance_window" {
  description = "When RDS may maintain the database each week, in UTC such as sun:04:30-sun:05:00. Empty: as before roots said it."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition = var.maintenance_window == "" || can(regex(
      "^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance_window
    ))
    error_message = "maintenance_window must be two moments of the week in UTC such as sun:04:30-sun:05:00."
  }
}

variable "extended_support" {
  description = "Whether the instance is made enrolled in Extended Support, which RDS charges for after the end of the version's standard support. One that exists stays as it was made."
  type        = bool
  default     = false
  nullable    = false
}

variable "request_id" {
  description = "Id of the request that the database goes back to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.request_id))
    error_message = "request_id must be a lowercase UUID."
  }
}

variable "team" {
  description = "Team that the database belongs to."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.team) >= 1 && length(var.team) <= 128
    error_message = "team must be 1 to 128 characters."
  }
}

variable "owner" {
  description = "Whom to ask about the database."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.owner) >= 1 && length(var.owner) <= 128
    error_message = "owner must be 1 to 128 characters."
  }
}

variable "purpose" {
  description = "What the database is for, in its owner's words; may be empty."
  type        = string
  nullable    = false
}

variable "cost_center" {
  description = "Where the cost goes."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.cost_center) >= 1 && length(var.cost_center) <= 128
    error_message = "cost_center must be 1 to 128 characters."
  }
}

variable "expires_at" {
  description = "When the database is due for removal: UTC such as 2026-11-30T12:00:00Z, or never."
  type        = string
  nullable    = false

  validation {
    condition = var.expires_at == "never" || (
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", var.expires_at)) &&
      can(timeadd(var.expires_at, "0s"))
    )
    error_message = "expires_at must be a real instant in UTC such as 2026-11-30T12:00:00Z, or never."
  }
}

variable "tags" {
  description = "The user's own tags."
  type        = map(string)
  default     = {}
  nullable    = false

  # RDS refuses any other character; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
  validation {
    condition = alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{N} _.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{N} _.:/=+@-]{0,256}$", value))
    ])
    error_message = "tags must have keys of 1 to 128 and values of at most 256 letters, digits, spaces and _ . : / = + @ -."
  }

  validation {
    condition = alltrue([
      for key in keys(var.tags) : !can(regex("^(aws|rds|rds-provisioner):", lower(key))) && !contains([
        "managedby", "requestid", "team", "owner", "environment", "expiresat", "costcenter", "purpose", "name",
      ], lower(key))
    ])
    error_message = "tags must not use a name that the provisioner or AWS sets: ManagedBy, RequestId, Team, Owner, Environment, ExpiresAt, CostCenter, Purpose, Name, rds-provisioner:*, aws:*, rds:*."
  }

  # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
  validation {
    condition     = alltrue([for value in concat(values(var.tags), [var.owner, var.purpose]) : !can(regex("^(aws|rds):", lower(value)))])
    error_message = "Neither a tag's value nor owner or purpose, which become tags, may begin with aws: or rds:."
  }

  validation {
    condition     = length(var.tags) <= 40
    error_message = "tags must be at most 40, since AWS takes 50 and the provisioner sets 9."
  }
}

variable "restore" {
  description = "Where the first data comes from: a snapshot, or a database (its RDS identifier) at a point in time (UTC, or latest)."
  type = object({
    snapshot      = optional(string)
    database      = optional(string)
    point_in_time = optional(string)
  })
  default = null

  validation {
    condition     = var.restore == null || (try(var.restore.snapshot, null) == null) != (try(var.restore.database, null) == null)
    error_message = "restore must name exactly one source: snapshot or database."
  }

  validation {
    condition     = try(var.restore.point_in_time, null) == null || try(var.restore.database, null) != null
    error_message = "restore.point_in_time goes with restore.database only; a snapshot is a point in time already."
  }

  validation {
    condition = try(var.restore.point_in_time, null) == null || try(var.restore.point_in_time, null) == "latest" || (
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", var.restore.point_in_time)) &&
      can(timeadd(var.restore.point_in_time, "0s"))
    )
    error_message = "restore.point_in_time must be an instant in UTC such as 2026-11-20T10:00:00Z, or latest."
  }

  validation {
    condition     = try(var.restore.database, null) == null || can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.restore.database))
    error_message = "restore.database must be an RDS identifier such as prod-orders."
  }

  validation {
    condition     = try(var.restore.snapshot, null) == null || can(regex("^(rds:)?[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$", var.restore.snapshot))
    error_message = "restore.snapshot must be an RDS snapshot identifier of this account, such as prod-orders-final-3f0c1a2b."
  }
}

variable "upgrade" {
  description = "The upgrade that this root is for: the major version before it, and the snapshot that the pipeline takes first."
  type = object({
    from     = string
    snapshot = string
  })
  default = null

  validation {
    condition     = var.upgrade == null || try(var.upgrade.from, "") != var.engine_version
    error_message = "upgrade.from must be the major version before the upgrade, and not engine_version."
  }
}
