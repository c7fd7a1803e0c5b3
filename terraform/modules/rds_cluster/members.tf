# The servers of the cluster: one, and with `multi_az` a second one in another zone, to which Aurora fails over.

locals {
  members = var.multi_az ? ["1", "2"] : ["1"]

  # Zones that hold both the cluster's storage and one of the environment's subnets. A hash of the name spreads
  # the clusters over them, and two members of one cluster lie in two.
  zones = sort(setintersection(
    toset([for subnet in data.aws_subnet.this : subnet.availability_zone]),
    toset(aws_rds_cluster.this.availability_zones),
  ))
  first_zone = parseint(substr(sha1(local.identifier), 0, 4), 16)
}

data "aws_subnet" "this" {
  for_each = data.aws_db_subnet_group.this.subnet_ids

  id = each.value
}

data "aws_iam_role" "monitoring" {
  name = "rds-provisioner-monitoring"
}

resource "aws_rds_cluster_instance" "member" {
  for_each = toset(local.members)

  identifier         = "${local.identifier}-member-${each.key}"
  cluster_identifier = aws_rds_cluster.this.id
  engine             = aws_rds_cluster.this.engine
  instance_class     = "db.serverless"

  # Of tier 0 and 1, so that a reader is as large as the writer, and sleeps and wakes with it:
  # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
  promotion_tier = tonumber(each.key) - 1

  availability_zone    = try(element(local.zones, local.first_zone + tonumber(each.key)), null)
  publicly_accessible  = false
  db_subnet_group_name = data.aws_db_subnet_group.this.name
  ca_cert_identifier   = "rds-ca-rsa2048-g1"

  copy_tags_to_snapshot        = true
  auto_minor_version_upgrade   = true
  preferred_maintenance_window = var.maintenance_window
  apply_immediately            = true

  monitoring_interval = var.monitoring ? 60 : 0
  monitoring_role_arn = var.monitoring ? data.aws_iam_role.monitoring.arn : null

  tags = local.tags

  timeouts {
    create = "40m"
    update = "80m"
    delete = "60m"
  }

  lifecycle {
    # Chosen at creation; a later difference (another subnet, a failed zone) must not ask for a new member.
    ignore_changes = [availability_zone, db_subnet_group_name]
  }
}
