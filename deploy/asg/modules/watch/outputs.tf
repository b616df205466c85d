output "topic_arn" {
  description = "Where all alarms arrive."
  value       = aws_sns_topic.alarms.arn
}

# What was built, for tests.

output "alarms" {
  description = "The alarms."
  value       = concat(keys(aws_cloudwatch_metric_alarm.this), ["errors", "outside"])
}

output "actions" {
  description = "Where each alarm of this region goes."
  value       = concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions], [aws_cloudwatch_metric_alarm.errors.alarm_actions])
}

output "shape" {
  description = "What was built, for tests: the page that is asked for, the dashboard, who hears of the bill, and how long logs stay."
  value = {
    page   = "${aws_route53_health_check.page.type} ${aws_route53_health_check.page.resource_path}"
    panels = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    bill   = flatten([for budget in aws_budgets_budget.month : [for notification in budget.notification : tolist(notification.subscriber_sns_topic_arns)]])
    days   = distinct([for group in aws_cloudwatch_log_group.role : group.retention_in_days])
  }
}

output "topic_policy" {
  description = "Who may publish alarms."
  value       = aws_sns_topic_policy.alarms.policy
}

output "forwards" {
  description = "Whether the alarm of us-east-1 reaches the topic."
  value       = local.near ? contains(aws_cloudwatch_metric_alarm.outside.alarm_actions, aws_sns_topic.alarms.arn) : aws_cloudwatch_event_target.topic[0].arn == aws_sns_topic.alarms.arn
}
