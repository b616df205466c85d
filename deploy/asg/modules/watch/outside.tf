# The site as readers see it: a real page, asked for from outside. Route 53 tells
# in us-east-1 how that went; from there the alarm is passed on to our topic.

resource "aws_route53_health_check" "page" {
  fqdn              = var.domain
  port              = 443
  type              = "HTTPS"
  resource_path     = var.health_path
  enable_sni        = true
  request_interval  = 30
  failure_threshold = 3
  measure_latency   = true
  tags              = { Name = var.name }
}

locals {
  near = var.region == "us-east-1"
}

resource "aws_cloudwatch_metric_alarm" "outside" {
  provider            = aws.us_east_1
  alarm_name          = "${var.name}-outside"
  alarm_description   = "The site cannot be read from outside."
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = aws_route53_health_check.page.id }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = local.near ? [aws_sns_topic.alarms.arn] : []
  ok_actions          = local.near ? [aws_sns_topic.alarms.arn] : []
}

locals {
  # An alarm's change, as events tell it, of this one alarm.
  outside_changes = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm State Change"]
    account     = [var.account_id]
    detail      = { alarmName = ["${var.name}-outside"] }
  })
  bus = "arn:aws:events:${var.region}:${var.account_id}:event-bus/default"
}

resource "aws_cloudwatch_event_rule" "from_us_east_1" {
  provider      = aws.us_east_1
  count         = local.near ? 0 : 1
  name          = "${var.name}-outside"
  description   = "Passes on to ${var.region} whether ${var.domain} can be read"
  event_pattern = local.outside_changes
}

resource "aws_iam_role" "forward" {
  count       = local.near ? 0 : 1
  name_prefix = "${var.name}-events-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  count = local.near ? 0 : 1
  name  = "forward"
  role  = aws_iam_role.forward[0].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "events:PutEvents", Resource = local.bus }]
  })
}

resource "aws_cloudwatch_event_target" "home" {
  provider = aws.us_east_1
  count    = local.near ? 0 : 1
  rule     = aws_cloudwatch_event_rule.from_us_east_1[0].name
  arn      = local.bus
  role_arn = aws_iam_role.forward[0].arn
}

resource "aws_cloudwatch_event_rule" "arrived" {
  count         = local.near ? 0 : 1
  name          = "${var.name}-outside"
  description   = "Tells the alarms' topic whether ${var.domain} can be read"
  event_pattern = local.outside_changes
}

resource "aws_cloudwatch_event_target" "topic" {
  count = local.near ? 0 : 1
  rule  = aws_cloudwatch_event_rule.arrived[0].name
  arn   = aws_sns_topic.alarms.arn

  input_transformer {
    input_paths    = { state = "$.detail.state.value" }
    input_template = "\"${var.domain} as seen from outside: <state>\""
  }
}
