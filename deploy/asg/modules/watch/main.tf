# Logs, what is counted from them, and one topic that every alarm reaches.

resource "aws_cloudwatch_log_group" "role" {
  for_each          = toset(var.roles)
  name              = "/${var.name}/${each.key}"
  retention_in_days = var.log_days
}

locals {
  # What the access log says of each answer, as it says it.
  counted = {
    Posts    = "{ $.msg = \"request\" && $.method = \"POST\" && ($.path = \"/compose\" || $.path = \"/api/v1/statuses\") && $.status < 400 }"
    Uploads  = "{ $.msg = \"request\" && $.method = \"POST\" && ($.path = \"/compose/photos\" || $.path = \"/api/v1/media\" || $.path = \"/api/v2/media\") && $.status < 400 }"
    Requests = "{ $.msg = \"request\" && $.path != \"/readyz\" && $.path != \"/livez\" }"
    # The site says 503 on purpose: at its limit, or while it only reads.
    Errors = "{ $.msg = \"request\" && $.status >= 500 && $.status != 503 }"
    Busy   = "{ $.msg = \"request\" && $.status = 503 && $.path != \"/readyz\" }"
  }
  metrics = "Tintype/${var.name}"
}

resource "aws_cloudwatch_log_metric_filter" "counted" {
  for_each       = local.counted
  name           = each.key
  log_group_name = aws_cloudwatch_log_group.role["web"].name
  pattern        = each.value

  metric_transformation {
    namespace     = local.metrics
    name          = each.key
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# How long answers take, uploads (which wait for their photo) and streams (which
# do not end) aside.
resource "aws_cloudwatch_log_metric_filter" "latency" {
  name           = "Latency"
  log_group_name = aws_cloudwatch_log_group.role["web"].name
  pattern        = "{ $.msg = \"request\" && $.ms >= 0 && $.path != \"/readyz\" && $.path != \"/livez\" && $.path != \"/live\" && $.path != \"/api/v1/streaming*\" && $.path != \"/compose/photos*\" && $.path != \"/api/v1/media*\" && $.path != \"/api/v2/media*\" }"

  metric_transformation {
    namespace = local.metrics
    name      = "Latency"
    value     = "$.ms"
    unit      = "Milliseconds"
  }
}

resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OurAlarms"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      }],
      # Events say nothing of the account that they come from: under a condition
      # on it, they would fail without a word.
      [for service in local.near ? [] : ["events.amazonaws.com"] : {
        Sid       = "FromUsEast1"
        Effect    = "Allow"
        Principal = { Service = [service] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
      }],
    )
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each  = toset(var.emails)
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_budgets_budget" "month" {
  count        = var.budget_usd > 0 ? 1 : 0
  name         = "${var.name}-month"
  budget_type  = "COST"
  limit_amount = tostring(var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.alarms]
}
