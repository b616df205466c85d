# Alarms on the steady state: what readers and members get, and what they do.

locals {
  alb     = { LoadBalancer = var.balancer }
  targets = { LoadBalancer = var.balancer, TargetGroup = var.target_group }
  site    = { Site = var.name }

  # period in seconds; of = how many periods in a row.
  alarms = merge(
    {
      p99 = {
        says = "The slowest hundredth of answers takes longer than ${var.p99_ms} ms."
        in   = local.metrics, metric = "Latency", stat = "p99", period = 300, of = 3, over = true, at = var.p99_ms
      }
      unhealthy = {
        says = "An instance has not been ready for five minutes. The group leaves it alone: look at its log, /readyz says why."
        in   = "AWS/ApplicationELB", metric = "UnHealthyHostCount", where = local.targets, stat = "Maximum", period = 60, of = 5, over = true, at = 0
      }
      unreachable = {
        says = "The balancer answered for the site with a 5xx of its own."
        in   = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", where = local.alb, stat = "Sum", period = 60, of = 3, over = true, at = 10
      }
      busy = {
        says = "Requests are refused with 503: the site is at its limit, or cannot write."
        in   = local.metrics, metric = "Busy", stat = "Sum", period = 300, of = 2, over = true, at = 50
      }
      jobs-age = {
        says = "The oldest job has been waiting for longer than ${var.queue_age_alarm_seconds} s: photos are not prepared."
        in   = "Tintype", metric = "tintype_jobs_oldest_ready_seconds", where = local.site, stat = "Maximum", period = 60, of = 5, over = true, at = var.queue_age_alarm_seconds
      }
      jobs-dead = {
        says = "A job's tries are used up: see `tintype jobs list`."
        in   = "Tintype", metric = "tintype_jobs_dead", where = local.site, stat = "Maximum", period = 300, of = 1, over = true, at = 0
      }
      silent = {
        says = "No instance has told of its jobs for ten minutes: none runs, or its agent does not."
        in   = "Tintype", metric = "tintype_jobs_oldest_ready_seconds", where = local.site, stat = "SampleCount", period = 300, of = 2, over = false, at = 1, missing = "breaching"
      }
      database-cpu = {
        says = "A database server has been above 85 % CPU for a quarter of an hour."
        in   = "AWS/RDS", metric = "CPUUtilization", where = { DBClusterIdentifier = var.database }, stat = "Maximum", period = 300, of = 3, over = true, at = 85
      }
      database-connections = {
        says = "The primary has used 85 % of its connections."
        in   = "AWS/RDS", metric = "DatabaseConnections", where = { DBClusterIdentifier = var.database, Role = "WRITER" }, stat = "Maximum", period = 60, of = 5, over = true, at = floor(0.85 * var.max_connections)
      }
      database-memory = {
        says = "A database server has less than 100 MB of memory left."
        in   = "AWS/RDS", metric = "FreeableMemory", where = { DBClusterIdentifier = var.database }, stat = "Minimum", period = 300, of = 3, over = false, at = 100000000
      }
    },
    var.replicas ? {
      replica-lag = {
        says = "A replica has been more than 5 s behind for five minutes. Members still read what they wrote, from the primary."
        in   = "AWS/RDS", metric = "AuroraReplicaLagMaximum", where = { DBClusterIdentifier = var.database }, stat = "Maximum", period = 60, of = 5, over = true, at = 5000
      }
    } : {},
    var.dead_letter_queue != "" ? {
      queue-dead = {
        says = "Wake-up messages are not taken by any worker."
        in   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", where = { QueueName = var.dead_letter_queue }, stat = "Maximum", period = 300, of = 1, over = true, at = 0
      }
    } : {},
    var.least_posts_per_hour > 0 ? {
      few-posts = {
        says = "Fewer than ${var.least_posts_per_hour} posts in an hour."
        in   = local.metrics, metric = "Posts", stat = "Sum", period = 3600, of = 1, over = false, at = var.least_posts_per_hour, missing = "breaching"
      }
    } : {},
    var.least_uploads_per_hour > 0 ? {
      few-uploads = {
        says = "Fewer than ${var.least_uploads_per_hour} uploads in an hour."
        in   = local.metrics, metric = "Uploads", stat = "Sum", period = 3600, of = 1, over = false, at = var.least_uploads_per_hour, missing = "breaching"
      }
    } : {},
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.in
  metric_name         = each.value.metric
  dimensions          = lookup(each.value, "where", null)
  statistic           = startswith(each.value.stat, "p") ? null : each.value.stat
  extended_statistic  = startswith(each.value.stat, "p") ? each.value.stat : null
  period              = each.value.period
  evaluation_periods  = each.value.of
  comparison_operator = each.value.over ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.at
  treat_missing_data  = lookup(each.value, "missing", "notBreaching")
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# A share, so that one failed request at night is not an alarm; a release that
# raises it is taken back.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "More than 1 % of answers, and more than five of them in a minute, are errors."
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "share"
    label       = "Errors, percent"
    expression  = "IF(errors > 5, 100 * errors / requests, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "Errors", requests = "Requests" }
    content {
      id = metric_query.key
      metric {
        namespace   = local.metrics
        metric_name = metric_query.value
        period      = 60
        stat        = "Sum"
      }
    }
  }
}
