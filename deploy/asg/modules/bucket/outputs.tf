output "name" {
  description = "The bucket's name."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "The bucket."
  value       = aws_s3_bucket.this.arn
}

output "domain_name" {
  description = "The bucket as an origin of CloudFront."
  value       = aws_s3_bucket.this.bucket_regional_domain_name
}

output "policy" {
  description = "The bucket's policy, for tests."
  value       = aws_s3_bucket_policy.this.policy
}

output "shape" {
  description = "What was built, for tests: who gets in, and what keeps the data."
  value = {
    public_blocked = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    versions     = aws_s3_bucket_versioning.this.versioning_configuration[0].status
    version_days = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days
    abort_days   = aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation
    encrypted    = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm
    destroyable  = aws_s3_bucket.this.force_destroy
  }
}
