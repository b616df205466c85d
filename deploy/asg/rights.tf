# What each role may do, and nothing else.

locals {
  account     = data.aws_caller_identity.this.account_id
  log_streams = "arn:aws:logs:${var.region}:${local.account}:log-group:/${var.name}/*"

  may_read_settings = { for role, path in local.settings_paths : role => {
    Sid      = "Settings"
    Effect   = "Allow"
    Action   = ["ssm:GetParametersByPath", "ssm:GetParameter", "ssm:GetParameters"]
    Resource = ["arn:aws:ssm:${var.region}:${local.account}:parameter${trimsuffix(path, "/")}", "arn:aws:ssm:${var.region}:${local.account}:parameter${path}*"]
  } }

  may_read_secrets = {
    Sid      = "Secrets"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = concat([aws_secretsmanager_secret.app.arn], aws_secretsmanager_secret.app_b[*].arn)
  }

  may_keep_photos = [
    {
      Sid      = "Photos"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      Resource = [for slot in local.buckets : "${module.photos[slot].arn}/*"]
    },
    {
      # Without it, a photo that is not there is a refusal and no 404.
      Sid      = "PhotosList"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = [for slot in local.buckets : module.photos[slot].arn]
    },
  ]

  may_keep_sessions = local.many ? [{
    Sid      = "Sessions"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"]
    Resource = [module.sessions[0].arn]
  }] : []

  # How things are kept, which doctor compares with how they should be.
  may_examine = concat(
    [{
      Sid      = "PhotosExamine"
      Effect   = "Allow"
      Action   = ["s3:GetBucketVersioning", "s3:GetLifecycleConfiguration"]
      Resource = [for slot in local.buckets : module.photos[slot].arn]
    }],
    local.many ? [{
      Sid      = "SessionsExamine"
      Effect   = "Allow"
      Action   = ["dynamodb:DescribeTimeToLive"]
      Resource = [module.sessions[0].arn]
    }] : [],
    # tintype move sessions
    local.many ? [{
      Sid      = "SessionsMove"
      Effect   = "Allow"
      Action   = ["dynamodb:Scan"]
      Resource = [module.sessions[0].arn]
    }] : [],
  )

  may_tell_edges = local.cdn ? [{
    Sid      = "Edges"
    Effect   = "Allow"
    Action   = ["cloudfront:CreateInvalidation"]
    Resource = [module.cdn[0].arn]
  }] : []

  may_announce_jobs = local.workers ? [{
    Sid      = "Announce"
    Effect   = "Allow"
    Action   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
    Resource = [module.queue[0].arn]
  }] : []

  may_hear_of_jobs = local.workers ? [{
    Sid      = "Hear"
    Effect   = "Allow"
    Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    Resource = [module.queue[0].arn]
  }] : []

  # Logs, metrics, commands by SSM, and the word that a drain is over.
  may_be_an_instance = [
    {
      Sid      = "Logs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
      Resource = [local.log_streams]
    },
    {
      Sid       = "Metrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"] # it knows no resources
      Condition = { StringEquals = { "cloudwatch:namespace" = ["Tintype"] } }
    },
    {
      Sid    = "Commands"
      Effect = "Allow"
      Action = [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
      ]
      Resource = ["*"] # they know no resources
    },
    {
      Sid      = "Drained"
      Effect   = "Allow"
      Action   = ["autoscaling:CompleteLifecycleAction"]
      Resource = [for role in ["web", "worker"] : "arn:aws:autoscaling:${var.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}-${role}"]
    },
    {
      Sid      = "WhichGroup"
      Effect   = "Allow"
      Action   = ["autoscaling:DescribeAutoScalingInstances"]
      Resource = ["*"] # it knows no resources
    },
  ]

  web_statements = concat(
    [local.may_read_settings.web, local.may_read_secrets],
    local.may_keep_photos, local.may_keep_sessions, local.may_tell_edges, local.may_announce_jobs, local.may_be_an_instance,
  )

  # Ending an account ends its sessions, which is a job.
  worker_statements = concat(
    [local.may_read_settings.worker, local.may_read_secrets],
    local.may_keep_photos, local.may_keep_sessions, local.may_tell_edges, local.may_announce_jobs, local.may_hear_of_jobs, local.may_be_an_instance,
  )

  # Commands do what the site does; beyond that they own the schema, make its
  # users and their secrets, and upload static files.
  ops_statements = concat(
    [local.may_read_settings.ops, local.may_read_secrets, {
      Sid      = "OwnerSecrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = concat([aws_secretsmanager_secret.owner.arn], aws_secretsmanager_secret.owner_b[*].arn, [for slot in local.databases : module.database[slot].master_secret_arn])
      }, {
      Sid      = "MakeSecrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:PutSecretValue"]
      Resource = concat([aws_secretsmanager_secret.app.arn, aws_secretsmanager_secret.owner.arn], aws_secretsmanager_secret.app_b[*].arn, aws_secretsmanager_secret.owner_b[*].arn)
    }],
    local.may_keep_photos, local.may_keep_sessions, local.may_examine, local.may_tell_edges, local.may_announce_jobs, local.may_hear_of_jobs, local.may_be_an_instance,
    local.cdn ? [{
      Sid      = "Assets"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = ["${module.assets[0].arn}/static/*"]
    }] : [],
  )

  rollback_alarms = var.rollback_by_alarm ? ["${var.name}-errors", "${var.name}-unhealthy"] : []
}
