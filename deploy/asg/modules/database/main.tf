# Aurora MySQL: a primary, which AWS calls the writer, readers, and readers that come and go. RDS makes and
# rotates the master's password; the site's own users have theirs elsewhere.

locals {
  serverless = var.instance_class == "db.serverless"
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-database-"
  description = "The database of ${var.name}"
  vpc_id      = var.vpc_id
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "instances" {
  security_group_id            = aws_security_group.this.id
  description                  = "The instances"
  referenced_security_group_id = var.instances_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
}

resource "aws_rds_cluster_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "aurora-mysql8.0"

  dynamic "parameter" {
    for_each = {
      require_secure_transport = "ON"
      character_set_server     = "utf8mb4"
      collation_server         = "utf8mb4_bin"
    }
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "pending-reboot"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "aurora-mysql8.0"

  # The site's processes share as many: DATABASE_MAX_CONNECTIONS says the same.
  parameter {
    name         = "max_connections"
    value        = tostring(var.max_connections)
    apply_method = "immediate"
  }

  dynamic "parameter" {
    for_each = var.moves ? [1] : []
    content {
      name         = "log_bin_trust_function_creators"
      value        = "1"
      apply_method = "immediate"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "this" {
  cluster_identifier              = var.name
  engine                          = "aurora-mysql"
  engine_mode                     = "provisioned"
  engine_version                  = var.engine_version
  database_name                   = var.database_name
  master_username                 = "admin"
  manage_master_user_password     = true
  port                            = 3306
  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [aws_security_group.this.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name
  storage_encrypted               = true
  backup_retention_period         = var.backup_days
  preferred_backup_window         = "02:00-03:00"
  preferred_maintenance_window    = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot           = true
  delete_automated_backups        = var.destroyable
  enabled_cloudwatch_logs_exports = ["error", "slowquery"]
  deletion_protection             = !var.destroyable
  skip_final_snapshot             = var.destroyable
  final_snapshot_identifier       = var.destroyable ? null : "${var.name}-final"

  dynamic "serverlessv2_scaling_configuration" {
    for_each = local.serverless ? [1] : []
    content {
      min_capacity = var.min_acu
      max_capacity = var.max_acu
    }
  }
}

# The first is the primary; any of them may become it.
resource "aws_rds_cluster_instance" "this" {
  count                        = 1 + var.readers
  identifier                   = "${var.name}-${count.index}"
  cluster_identifier           = aws_rds_cluster.this.id
  engine                       = aws_rds_cluster.this.engine
  engine_version               = aws_rds_cluster.this.engine_version
  instance_class               = var.instance_class
  db_subnet_group_name         = aws_db_subnet_group.this.name
  db_parameter_group_name      = aws_db_parameter_group.this.name
  publicly_accessible          = false
  auto_minor_version_upgrade   = false
  promotion_tier               = count.index == 0 ? 0 : 1
  preferred_maintenance_window = "sun:03:30-sun:04:30"
}

resource "aws_appautoscaling_target" "readers" {
  count              = var.max_readers > var.readers ? 1 : 0
  service_namespace  = "rds"
  scalable_dimension = "rds:cluster:ReadReplicaCount"
  resource_id        = "cluster:${aws_rds_cluster.this.cluster_identifier}"
  min_capacity       = var.readers
  max_capacity       = var.max_readers
  depends_on         = [aws_rds_cluster_instance.this]
}

resource "aws_appautoscaling_policy" "readers" {
  count              = length(aws_appautoscaling_target.readers)
  name               = "${var.name}-readers-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.readers[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.readers[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.readers[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 900
    scale_out_cooldown = 300
    predefined_metric_specification {
      predefined_metric_type = "RDSReaderAverageCPUUtilization"
    }
  }
}
