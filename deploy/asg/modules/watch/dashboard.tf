# One page, from what people do down to the machines.

locals {
  panels = [
    { title = "Posts and uploads", stat = "Sum", metrics = [[local.metrics, "Posts"], [local.metrics, "Uploads"]] },
    { title = "Answers: slowest hundredth and middle, ms", stat = "p99", metrics = [[local.metrics, "Latency"], [local.metrics, "Latency", { stat = "p50" }]] },
    { title = "Errors and refusals", stat = "Sum", metrics = [[local.metrics, "Errors"], [local.metrics, "Busy"], ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.balancer]] },
    { title = "Requests", stat = "Sum", metrics = [[local.metrics, "Requests"]] },
    { title = "Jobs: wait of the oldest, s; dead", stat = "Maximum", metrics = [["Tintype", "tintype_jobs_oldest_ready_seconds", "Site", var.name], ["Tintype", "tintype_jobs_dead", "Site", var.name]] },
    { title = "Instances: ready and not", stat = "Maximum", metrics = [["AWS/ApplicationELB", "HealthyHostCount", "LoadBalancer", var.balancer, "TargetGroup", var.target_group], ["AWS/ApplicationELB", "UnHealthyHostCount", "LoadBalancer", var.balancer, "TargetGroup", var.target_group]] },
    { title = "Instances: CPU, %", stat = "Average", metrics = [for role in var.roles : ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", "${var.name}-${role}"] if role != "ops"] },
    { title = "Database: CPU, %", stat = "Maximum", metrics = [["AWS/RDS", "CPUUtilization", "DBClusterIdentifier", var.database]] },
    { title = "Database: connections", stat = "Maximum", metrics = [["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", var.database, "Role", "WRITER"], ["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", var.database, "Role", "READER"]] },
    { title = "Database: lag of the slowest replica, ms", stat = "Maximum", metrics = [["AWS/RDS", "AuroraReplicaLagMaximum", "DBClusterIdentifier", var.database]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for i, panel in local.panels : {
      type   = "metric"
      x      = 12 * (i % 2)
      y      = 6 * floor(i / 2)
      width  = 12
      height = 6
      properties = {
        title   = panel.title
        region  = var.region
        view    = "timeSeries"
        period  = 60
        stat    = panel.stat
        metrics = panel.metrics
      }
    }]
  })
}
