# scaling = none: as many as min_size says. target: so many requests and so much
# CPU per instance. steps: the classic pair, above 75 % one more, below 20 % one
# less. queue: by how long the oldest job has been waiting.

resource "aws_autoscaling_policy" "requests" {
  count                  = var.scaling == "target" ? 1 : 0
  name                   = "requests"
  autoscaling_group_name = local.group_name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.requests_per_minute
    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = var.resource_label
    }
  }
}

resource "aws_autoscaling_policy" "cpu" {
  count                  = var.scaling == "target" ? 1 : 0
  name                   = "cpu"
  autoscaling_group_name = local.group_name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.cpu_percent
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

locals {
  # The alarms that step a group, and by how many instances.
  steps = {
    none   = {}
    target = {}
    steps = {
      more = { by = 1, over = true, at = 75, minutes = 3, metric = "CPUUtilization" }
      less = { by = -1, over = false, at = 20, minutes = 15, metric = "CPUUtilization" }
    }
    queue = {
      more = { by = 1, over = true, at = var.queue_age_seconds, minutes = 2, metric = "tintype_jobs_oldest_ready_seconds" }
      less = { by = -1, over = false, at = 5, minutes = 15, metric = "tintype_jobs_oldest_ready_seconds" }
    }
  }[var.scaling]
}

resource "aws_autoscaling_policy" "step" {
  for_each                  = local.steps
  name                      = each.key
  autoscaling_group_name    = local.group_name
  policy_type               = "StepScaling"
  adjustment_type           = "ChangeInCapacity"
  metric_aggregation_type   = "Average"
  estimated_instance_warmup = each.value.over ? var.warmup_seconds : null

  step_adjustment {
    scaling_adjustment          = each.value.by
    metric_interval_lower_bound = each.value.over ? "0" : null
    metric_interval_upper_bound = each.value.over ? null : "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "step" {
  for_each            = local.steps
  alarm_name          = "${var.name}-${var.role}-${each.key}"
  alarm_description   = "Scales the ${var.role} group of ${var.name}; no reason for a person to act."
  namespace           = var.scaling == "queue" ? "Tintype" : "AWS/EC2"
  metric_name         = each.value.metric
  dimensions          = var.scaling == "queue" ? { Site = var.name } : { AutoScalingGroupName = local.group_name }
  statistic           = var.scaling == "queue" ? "Maximum" : "Average"
  period              = 60
  evaluation_periods  = each.value.minutes
  comparison_operator = each.value.over ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.at
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_autoscaling_policy.step[each.key].arn]
}
