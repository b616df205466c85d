output "arn" {
  description = "The balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "The balancer as metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "The balancer's own name."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "The zone for alias records."
  value       = aws_lb.this.zone_id
}

output "security_group_id" {
  description = "The balancer's security group."
  value       = aws_security_group.this.id
}

output "target_group_arn" {
  description = "The web instances."
  value       = aws_lb_target_group.web.arn
}

output "target_group_arn_suffix" {
  description = "The web instances as metrics name them."
  value       = aws_lb_target_group.web.arn_suffix
}

output "shape" {
  description = "What was built, for tests: who gets in, and how long things take."
  value = {
    public_ports         = sort([for rule in aws_vpc_security_group_ingress_rule.everybody : tostring(rule.from_port)])
    cloudfront           = length(aws_vpc_security_group_ingress_rule.cloudfront)
    default              = aws_lb_listener.https.default_action[0].type
    secrets              = sum(concat([0], [for rule in aws_lb_listener_rule.from_cloudfront : nonsensitive(length(one(rule.condition).http_header[0].values))]))
    health_path          = aws_lb_target_group.web.health_check[0].path
    idle_timeout         = aws_lb.this.idle_timeout
    deregistration_delay = tonumber(aws_lb_target_group.web.deregistration_delay)
  }
}
