output "id" {
  description = "The distribution's id."
  value       = aws_cloudfront_distribution.this.id
}

output "arn" {
  description = "The distribution."
  value       = aws_cloudfront_distribution.this.arn
}

output "domain_name" {
  description = "The distribution's own name."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "zone_id" {
  description = "The zone for alias records."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}

output "signing_key_id" {
  description = "The id of the first public key; empty without one."
  value       = length(var.signing_public_keys) == 0 ? "" : aws_cloudfront_public_key.photos[substr(sha256(trimspace(var.signing_public_keys[0])), 0, 12)].id
}

# What was built, for tests.

output "shape" {
  description = "How paths are served, and by what pages are told apart."
  value = {
    paths       = aws_cloudfront_distribution.this.ordered_cache_behavior[*].path_pattern
    signed      = [for b in aws_cloudfront_distribution.this.ordered_cache_behavior : b.path_pattern if length(coalesce(b.trusted_key_groups, [])) > 0]
    sorry       = toset([for r in aws_cloudfront_distribution.this.custom_error_response : r.error_code])
    tls         = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version
    key_cookies = one(one(one(aws_cloudfront_cache_policy.pages.parameters_in_cache_key_and_forwarded_to_origin).cookies_config).cookies).items
    certificate = aws_cloudfront_distribution.this.viewer_certificate[0].acm_certificate_arn
    signs       = sort([for origin in aws_cloudfront_distribution.this.origin : origin.origin_id if coalesce(origin.origin_access_control_id, "none") == aws_cloudfront_origin_access_control.s3.id])
    forwards    = aws_cloudfront_origin_request_policy.pages.headers_config[0].header_behavior
    min_ttl     = aws_cloudfront_cache_policy.pages.min_ttl
    default_ttl = aws_cloudfront_cache_policy.pages.default_ttl
  }
}

output "page_queries" {
  description = "What pages may be asked for."
  value       = local.page_queries
}
