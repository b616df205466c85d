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

output "databases" {
  description = "The clusters, the one in charge first: where each is, and the secrets of its master and of its users, which release.sh secrets fills. Keys are made with the first cluster alone."
  value = [for slot in local.databases : {
    app    = local.app_secret_arns[slot]
    owner  = local.owner_secret_arns[slot]
    master = module.database[slot].master_secret_arn
    writer = module.database[slot].endpoint
    reader = module.database[slot].reader_endpoint
    schema = "tintype"
    keys   = slot == "a" ? "keys" : "none"
  }]
}

output "next" {
  description = "The settings of a move, as all instances have them: DATABASE_NEXT, from rung 5 on with DATABASE_REPLICA_URLS_NEXT, and MEDIA_NEXT, where next names what they lead to."
  value       = local.next
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
