output "environment" {
  description = "The binary's settings by role, as they stand in Parameter Store. A test holds them against the table of settings."
  value       = local.environments
}

output "settings_paths" {
  description = "Where they stand, by role: user data is SETTINGS=ssm: and this."
  value       = { for role in keys(local.environments) : role => local.settings_paths[role] }
}

output "name" {
  description = "The site's short name."
  value       = var.name
}

output "region" {
  description = "The region."
  value       = var.region
}

output "address" {
  description = "Where the site is."
  value       = local.site_address
}

output "groups" {
  description = "The Auto Scaling groups, of what their instances should be, and how release.sh has them replaced."
  value       = concat([module.web.refresh], [for worker in module.worker : worker.refresh])
}

output "ops_launch_template" {
  description = "The template of instances that commands run on."
  value       = module.ops.launch_template_id
}

output "ops_subnet" {
  description = "Where they run."
  value       = module.network.app_subnet_ids[0]
}

output "app_secret" {
  description = "The secret that release.sh secrets fills."
  value       = aws_secretsmanager_secret.app.arn
}

output "owner_secret" {
  description = "The secret of the schema's owner, which release.sh secrets fills."
  value       = aws_secretsmanager_secret.owner.arn
}

output "master_secret" {
  description = "The secret in which RDS keeps the master's password."
  value       = module.database.master_secret_arn
}

output "database" {
  description = "The writer's and the readers' host names, and the schema."
  value = {
    writer = module.database.endpoint
    reader = module.database.reader_endpoint
    schema = "tintype"
  }
}

output "assets_bucket" {
  description = "Where static files are uploaded to; empty below rung 4."
  value       = local.cdn ? module.assets[0].name : ""
}

output "rollback_alarms" {
  description = "Alarms that take a release back."
  value       = local.rollback_alarms
}

output "alarm_topic" {
  description = "Where all alarms arrive."
  value       = module.watch.topic_arn
}
