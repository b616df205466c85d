# Instances of one role: a launch template, a group over the zones, their rights,
# and by what they come and go.

resource "aws_iam_role" "this" {
  name_prefix = "${var.name}-${var.role}-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = var.role
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = var.statements })
}

resource "aws_iam_instance_profile" "this" {
  name_prefix = "${var.name}-${var.role}-"
  role        = aws_iam_role.this.name
}

resource "aws_launch_template" "this" {
  name                   = "${var.name}-${var.role}"
  image_id               = var.ami_id
  instance_type          = var.instance_type
  update_default_version = true
  ebs_optimized          = true
  vpc_security_group_ids = var.security_group_ids
  # All that an instance is told: where its settings are.
  user_data = base64encode("SETTINGS=ssm:${var.settings_path}\n")

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  monitoring {
    enabled = true
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk_gb
      encrypted             = true
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "volume"]
    content {
      resource_type = tag_specifications.value
      # Instances read their settings when they start: other settings are another
      # version of the template, and the group replaces its instances.
      tags = merge(var.tags, { Name = "${var.name}-${var.role}", Role = var.role, Settings = var.settings_version })
    }
  }
}

resource "aws_autoscaling_group" "this" {
  count               = var.max_size > 0 ? 1 : 0
  name                = "${var.name}-${var.role}"
  min_size            = var.min_size
  max_size            = var.max_size
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = var.target_group_arns
  # Never ELB: /readyz says where requests may go. A database that is slow for a
  # while would otherwise have every instance replaced.
  health_check_type         = "EC2"
  health_check_grace_period = 60
  default_instance_warmup   = var.warmup_seconds
  default_cooldown          = 60
  capacity_rebalance        = false
  termination_policies      = ["OldestLaunchTemplate", "Default"]
  enabled_metrics           = ["GroupInServiceInstances", "GroupDesiredCapacity"]
  wait_for_capacity_timeout = "0"

  launch_template {
    id = aws_launch_template.this.id
    # A number, not $Latest: only so can a refresh be rolled back.
    version = aws_launch_template.this.latest_version
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = "${var.name}-${var.role}", Role = var.role })
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }

  lifecycle {
    # Who scales decides how many there are. And a refresh decides of which
    # version: it moves the group there once it has succeeded, and back where it
    # has not. The provider's own instance_refresh moves the group first, so that
    # a roll back leads to what it should lead away from
    # (hashicorp/terraform-provider-aws#34189); release.sh refresh starts ours.
    ignore_changes = [desired_capacity, launch_template]
  }

  depends_on = [aws_iam_role_policy.this]
}

# None counts, and none gets requests, before its site is ready: a release that
# never is ends here, with the instances of the one before still there.
resource "aws_autoscaling_lifecycle_hook" "ready" {
  count                  = length(aws_autoscaling_group.this)
  name                   = "ready"
  autoscaling_group_name = aws_autoscaling_group.this[0].name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  default_result         = "ABANDON"
  heartbeat_timeout      = 600
}

# An instance that goes gets the time to finish what it began.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  count                  = length(aws_autoscaling_group.this)
  name                   = "drain"
  autoscaling_group_name = aws_autoscaling_group.this[0].name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  default_result         = "CONTINUE"
  # The instance says earlier that it is done; this is for one that cannot.
  heartbeat_timeout = var.drain_seconds + 60
}

locals {
  group_name = length(aws_autoscaling_group.this) > 0 ? aws_autoscaling_group.this[0].name : ""
}

# A refresh, as StartInstanceRefresh takes it.
locals {
  desired = {
    LaunchTemplate = {
      LaunchTemplateId = aws_launch_template.this.id
      Version          = tostring(aws_launch_template.this.latest_version)
    }
  }
  preferences = merge({
    MinHealthyPercentage = 100
    MaxHealthyPercentage = var.max_size > 1 ? 150 : 200 # one more at least, before one goes
    InstanceWarmup       = var.warmup_seconds
    AutoRollback         = true
    SkipMatching         = true
    # Somebody's doing; to pass over them would leave the release before at work.
    ScaleInProtectedInstances = "Wait"
    StandbyInstances          = "Wait"
    }, { for name, value in {
      AlarmSpecification = { Alarms = var.rollback_alarms }
      BakeTime           = 300 # an alarm takes minutes to see what the last instance brought
  } : name => value if length(var.rollback_alarms) > 0 })
}
