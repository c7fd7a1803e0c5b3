# Performance Insights: on for PostgreSQL, off for MySQL, and as they were for what was made before this rule.
#
# MySQL has none on burstable micro and small classes, and the provider cannot switch them off again: it goes on
# sending key and retention, which RDS refuses (hashicorp/terraform-provider-aws pull request 49376). So no
# change of size may flip them: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.Engines.html
# Nor can their key change (issue 3015 there), while the alias may move to another one. No data source shows
# either, so that a tag keeps them: the key, or none.

locals {
  insights_tag_name = "rds-provisioner:insights-key"
  insights_kept     = try(local.held.tags[local.insights_tag_name], null)
  no_insights_class = "^db\\.t[0-9]+g?\\.(micro|small)$"

  is_too_small_for_insights = var.engine == "mysql" && can(regex(local.no_insights_class, var.instance_class))

  # An instance of MySQL from before the tag had them wherever its class did.
  insights_since_before = (
    var.engine == "mysql" && local.exists && local.insights_kept == null &&
    !can(regex(local.no_insights_class, try(local.held.db_instance_class, "")))
  )
  performance_insights = var.engine == "postgres" || local.insights_since_before

  # null leaves the key of an instance from before the tag as it is.
  insights_key = local.exists ? local.insights_kept : data.aws_kms_alias.this.target_key_arn
  insights_tag = {
    for name, key in { (local.insights_tag_name) = local.performance_insights ? local.insights_key : "none" } :
    name => key if key != null
  }
}
