# The load balancer. Where CloudFront is in front, it admits CloudFront's
# addresses only, and of those only requests that carry the secret header. While
# it is open it takes readers beside them; what lets CloudFront in is there all
# the time, so that to open or close it refuses nobody in between.

locals {
  open = !var.behind_cdn || var.open
}

data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.behind_cdn ? 1 : 0
  name  = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-balancer-"
  description = "The load balancer of ${var.name}"
  vpc_id      = var.vpc_id
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "cloudfront" {
  count             = var.behind_cdn ? 1 : 0
  security_group_id = aws_security_group.this.id
  description       = "CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront[0].id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "everybody" {
  for_each          = local.open ? { http = 80, https = 443 } : {}
  security_group_id = aws_security_group.this.id
  description       = "Readers by ${each.key}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "instances" {
  security_group_id            = aws_security_group.this.id
  description                  = "The instances"
  referenced_security_group_id = var.instances_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.this.id]
  idle_timeout               = var.idle_timeout
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
}

resource "aws_lb_target_group" "web" {
  name_prefix                   = "web-"
  vpc_id                        = var.vpc_id
  port                          = var.port
  protocol                      = "HTTP"
  load_balancing_algorithm_type = "least_outstanding_requests"
  deregistration_delay          = var.deregistration_delay

  # Who may be sent requests, and nothing more: the group never replaces an
  # instance because of it.
  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  # Any instance answers anything.
  stickiness {
    type    = "lb_cookie"
    enabled = false
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = local.open ? "forward" : "fixed-response"
    target_group_arn = local.open ? aws_lb_target_group.web.arn : null

    dynamic "fixed_response" {
      for_each = local.open ? [] : [1]
      content {
        content_type = "text/plain"
        message_body = "This is not the site's address."
        status_code  = "403"
      }
    }
  }
}

resource "aws_lb_listener_rule" "from_cloudfront" {
  count        = var.behind_cdn ? 1 : 0
  listener_arn = aws_lb_listener.https.arn
  priority     = 1

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }

  condition {
    http_header {
      http_header_name = var.secret_header
      values           = var.origin_secrets
    }
  }
}

resource "aws_lb_listener" "http" {
  count             = local.open ? 1 : 0
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}
