output "group_name" {
  description = "The group; empty where there is the template alone."
  value       = local.group_name
}

output "refresh" {
  description = "Of what its instances should be, and how they are replaced: the parameters of StartInstanceRefresh."
  value       = { group = local.group_name, desired = local.desired, preferences = local.preferences }
}

output "launch_template_id" {
  description = "The launch template."
  value       = aws_launch_template.this.id
}

output "role_arn" {
  description = "The instances' role."
  value       = aws_iam_role.this.arn
}

# What was built, for tests.

output "capacity" {
  description = "How many instances, over how many zones, and who judges them."
  value = one([for group in aws_autoscaling_group.this : {
    min          = group.min_size
    max          = group.max_size
    health_check = group.health_check_type
    zones        = length(var.subnet_ids)
  }])
}

output "pinned_version" {
  description = "The version of the template that the group was made with."
  value       = one([for group in aws_autoscaling_group.this : group.launch_template[0].version])
}

output "hooks" {
  description = "What instances that come and go are waited for, and what happens without their word."
  value = {
    ready         = one(aws_autoscaling_lifecycle_hook.ready[*].default_result)
    drain         = one(aws_autoscaling_lifecycle_hook.drain[*].default_result)
    drain_seconds = one(aws_autoscaling_lifecycle_hook.drain[*].heartbeat_timeout)
  }
}

output "reach" {
  description = "Who reaches an instance's metadata and its shell."
  value = {
    tokens  = aws_launch_template.this.metadata_options[0].http_tokens
    hops    = aws_launch_template.this.metadata_options[0].http_put_response_hop_limit
    ssh_key = coalesce(aws_launch_template.this.key_name, "none")
  }
}

output "disk_encrypted" {
  description = "Whether the disk is encrypted."
  value       = aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted
}

output "user_data" {
  description = "All that an instance is told."
  value       = aws_launch_template.this.user_data
}

output "tags" {
  description = "What instances are started with; another one is another version of the template."
  value       = aws_launch_template.this.tag_specifications[0].tags
}

output "settings_version" {
  description = "The fingerprint of the settings that instances are started with."
  value       = aws_launch_template.this.tag_specifications[0].tags.Settings
}

output "scalers" {
  description = "The scaling policies."
  value       = sort(concat(aws_autoscaling_policy.requests[*].name, aws_autoscaling_policy.cpu[*].name, [for policy in aws_autoscaling_policy.step : policy.name]))
}

output "requests_of" {
  description = "Whose requests are counted."
  value       = one([for policy in aws_autoscaling_policy.requests : policy.target_tracking_configuration[0].predefined_metric_specification[0].resource_label])
}

output "scales_by" {
  description = "The metric of steps."
  value       = one(distinct([for alarm in aws_cloudwatch_metric_alarm.step : alarm.metric_name]))
}
