# Storage follows what is there: it may have grown, and it never shrinks.

# A snapshot is looked at until its copy exists; it may be deleted afterwards.
data "aws_db_snapshot" "source" {
  count = !local.exists && try(var.restore.snapshot, null) != null ? 1 : 0

  db_snapshot_identifier = var.restore.snapshot
}

data "aws_db_instance" "source" {
  count = !local.exists && contains(data.aws_db_instances.all.instance_identifiers, coalesce(try(var.restore.database, null), "-")) ? 1 : 0

  db_instance_identifier = var.restore.database
}

locals {
  # In GiB; 0 for a new and empty database.
  held_gb = sum(concat([0], [
    for found in concat(data.aws_db_instance.held, data.aws_db_instance.source, data.aws_db_snapshot.source) :
    found.allocated_storage
  ]))

  # RDS rounds a growth up to 10 %:
  # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
  storage_gb = var.storage_gb > local.held_gb ? max(var.storage_gb, ceil(local.held_gb * 11 / 10)) : local.held_gb

  # RDS takes a bound from 10 % above the size on. One that RDS itself has grown the storage close to stays as it
  # is; any other is null, which switches growth off: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
  stays_bound = (
    local.exists && local.storage_gb == local.held_gb && var.max_storage_gb > local.storage_gb &&
    try(local.held.max_allocated_storage, 0) == var.max_storage_gb
  )
  max_storage_gb = var.max_storage_gb * 10 >= local.storage_gb * 11 || local.stays_bound ? var.max_storage_gb : null

  # From 400 GiB on a volume has 12,000 IOPS and 500 MiB/s at least, and RDS wants both with each change; below
  # it takes neither: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
  # A restore in time begins with its source's size, whatever is asked for; the next apply grows it.
  begins_gb          = !local.exists && try(var.restore.database, null) != null ? local.held_gb : local.storage_gb
  striped            = local.begins_gb >= 400
  iops               = local.striped ? max(12000, coalesce(try(local.held.iops, null), 0)) : null
  storage_throughput = local.striped ? max(500, coalesce(try(local.held.storage_throughput, null), 0)) : null
}
