output "endpoint" {
  description = "The node that takes writes."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "shape" {
  description = "What was built, for tests."
  value = {
    engine    = aws_elasticache_replication_group.this.engine
    tls       = aws_elasticache_replication_group.this.transit_encryption_enabled
    encrypted = tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled)
    failover  = aws_elasticache_replication_group.this.automatic_failover_enabled
    zones     = aws_elasticache_replication_group.this.multi_az_enabled
  }
}
