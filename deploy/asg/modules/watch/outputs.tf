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

output "forwards" {
  description = "Whether the alarm of us-east-1 reaches the topic."
  value       = local.near ? contains(aws_cloudwatch_metric_alarm.outside.alarm_actions, aws_sns_topic.alarms.arn) : aws_cloudwatch_event_target.topic[0].arn == aws_sns_topic.alarms.arn
}
