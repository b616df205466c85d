output "shape" {
  description = "What was built, for tests: where it stands, and how much it lets through."
  value = {
    scope  = aws_wafv2_web_acl.this.scope
    limits = sort([for rule in aws_wafv2_web_acl.this.rule : "${rule.name} ${rule.statement[0].rate_based_statement[0].limit}"])
  }
}

output "arn" {
  description = "The web ACL."
  value       = aws_wafv2_web_acl.this.arn
}
