output "name" {
  description = "The table's name."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "The table."
  value       = aws_dynamodb_table.this.arn
}

output "shape" {
  description = "What was built, for tests: keys, expiry and what keeps the data."
  value = {
    hash      = aws_dynamodb_table.this.hash_key
    range     = aws_dynamodb_table.this.range_key
    ttl       = aws_dynamodb_table.this.ttl[0].attribute_name
    recovery  = aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    protected = aws_dynamodb_table.this.deletion_protection_enabled
  }
}
