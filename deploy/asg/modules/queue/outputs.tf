output "url" {
  description = "The queue's address."
  value       = aws_sqs_queue.jobs.url
}

output "arn" {
  description = "The queue."
  value       = aws_sqs_queue.jobs.arn
}

output "dead_name" {
  description = "The dead-letter queue as metrics name it."
  value       = aws_sqs_queue.dead.name
}

output "redrive" {
  description = "Where messages go that nobody takes, for tests."
  value       = aws_sqs_queue.jobs.redrive_policy
}

output "encrypted" {
  description = "Whether messages are encrypted, for tests."
  value       = aws_sqs_queue.jobs.sqs_managed_sse_enabled
}
