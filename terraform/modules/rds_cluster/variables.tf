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

  # RDS takes identifiers of up to 63 characters, and a member's is the cluster's with 9 more (-member-1).
  validation {
    condition     = length(var.environment) + length(var.database_name) <= 53
    error_message = "environment and database_name must be at most 53 characters together, so that the members' identifiers fit."
  }
}

variable "engine" {
  description = "Database engine: aurora-postgresql or aurora-mysql."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["aurora-postgresql", "aurora-mysql"], var.engine)
    error_message = "engine must be aurora-postgresql or aurora-mysql."
  }
}

variable "engine_version" {
  description = "Major version of the engine; 8.0 is Aurora MySQL 3. AWS chooses and upgrades the minor version."
  type        = string
  nullable    = false

  validation {
    condition     = contains(lookup({ aurora-postgresql = ["15", "16", "17"], aurora-mysql = ["8.0"] }, var.engine, []), var.engine_version)
    error_message = "engine_version must be a major version in standard support: 15, 16 or 17 for aurora-postgresql, 8.0 for aurora-mysql."
  }
}

variable "min_acu" {
  description = "Smallest capacity of a member in Aurora capacity units (2 GiB of memory each); 0 lets it sleep."
  type        = number
  nullable    = false

  # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
  validation {
    condition     = var.min_acu >= 0 && var.min_acu <= 256 && floor(var.min_acu * 2) == var.min_acu * 2
    error_message = "min_acu must be 0 to 256 in half steps, such as 0, 0.5 or 8."
  }
}

variable "max_acu" {
  description = "Largest capacity of a member in Aurora capacity units."
  type        = number
  nullable    = false

  # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
  validation {
    condition     = var.max_acu >= 1 && var.max_acu <= 256 && floor(var.max_acu * 2) == var.max_acu * 2
    error_message = "max_acu must be 1 to 256 in half steps, such as 1, 2.5 or 64."
  }

  validation {
    condition     = var.max_acu >= var.min_acu
    error_message = "max_acu must be at least min_acu."
  }
}

variable "pause_after" {
  description = "Seconds without a connection after which the cluster sleeps; 0 where it never does, as with a min_acu above 0."
  type        = number
  nullable    = false

  validation {
    condition     = var.pause_after == 0 || (var.pause_after >= 300 && var.pause_after <= 86400 && floor(var.pause_after) == var.pause_after)
    error_message = "pause_after must be a whole number of seconds from 300 to 86400, or 0."
  }

  # RDS takes 300 where a cluster may sleep and nothing is said.
  validation {
    condition     = (var.min_acu == 0) == (var.pause_after > 0)
    error_message = "pause_after must be 0 where min_acu is above 0, and says where min_acu is 0 when the cluster sleeps."
  }
}

variable "monitoring" {
  description = "Whether Enhanced Monitoring and Performance Insights (Database Insights, standard mode) are on."
  type        = bool
  nullable    = false
}

variable "multi_az" {
  description = "Whether a reader runs in a second availability zone, to which Aurora fails over."
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

variable "backup_window" {
  description = "Half an hour or more of each day, in UTC, in which RDS backs up, such as 03:00-04:00."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_window))
    error_message = "backup_window must be two times of day in UTC, such as 03:00-04:00."
  }
}

variable "maintenance_window" {
  description = "Half an hour or more of each week, in UTC, in which AWS maintains the cluster, such as sun:04:30-sun:05:30."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance_window))
    error_message = "maintenance_window must be two times of the week in UTC, such as sun:04:30-sun:05:30."
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

variable "extended_support" {
  description = "Whether the cluster is made enrolled in Extended Support, which RDS charges for after the end of the version's standard support. One that exists stays as it was made."
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
  description = "Where the first data comes from: a cluster snapshot, with engine postgres or mysql an instance's, or a cluster (its RDS identifier) at a point in time (UTC, or latest). One of this environment as of latest is shared copy-on-write, any other is copied."
  type = object({
    snapshot      = optional(string)
    database      = optional(string)
    point_in_time = optional(string)
    engine        = optional(string)
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
    error_message = "restore.snapshot must be a snapshot identifier of this account, such as prod-orders-final-3f0c1a2b."
  }

  validation {
    condition     = try(var.restore.engine, null) == null || (try(var.restore.snapshot, null) != null && try({ postgres = "aurora-postgresql", mysql = "aurora-mysql" }[var.restore.engine], "") == var.engine)
    error_message = "restore.engine goes with restore.snapshot, and is the instance's: postgres for aurora-postgresql, mysql for aurora-mysql."
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
