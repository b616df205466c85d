output "cluster_id" {
  description = "The cluster as metrics name it."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "endpoint" {
  description = "The primary."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "The readers."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "master_secret_arn" {
  description = "The secret that RDS keeps the master's password in."
  value       = aws_rds_cluster.this.master_user_secret[0].secret_arn
}

output "shape" {
  description = "What was built, for tests: how many servers, and what keeps their data."
  value = {
    instances      = length(aws_rds_cluster_instance.this)
    max_readers    = sum(concat([0], aws_appautoscaling_target.readers[*].max_capacity))
    public         = anytrue(aws_rds_cluster_instance.this[*].publicly_accessible)
    encrypted      = aws_rds_cluster.this.storage_encrypted
    protected      = aws_rds_cluster.this.deletion_protection
    skips_snapshot = aws_rds_cluster.this.skip_final_snapshot
    keeps_backups  = !aws_rds_cluster.this.delete_automated_backups
    backup_days    = aws_rds_cluster.this.backup_retention_period
    tls            = one([for p in aws_rds_cluster_parameter_group.this.parameter : p.value if p.name == "require_secure_transport"])
    triggers       = anytrue([for p in aws_db_parameter_group.this.parameter : p.name == "log_bin_trust_function_creators" && p.value == "1"])
    class          = aws_rds_cluster_instance.this[0].instance_class
    release        = aws_rds_cluster.this.engine_version
    serverless     = length(aws_rds_cluster.this.serverlessv2_scaling_configuration) == 1
  }
}
