# The binary's settings, by role, as parameters that an instance finds by the one
# line of its user data. Secrets are references to Secrets Manager; `release.sh
# secrets` puts their values there, and Terraform never sees one.

resource "aws_secretsmanager_secret" "app" {
  name                    = "${var.name}/app"
  description             = "What ${var.name} needs to run: SECRET_KEY, DATABASE_URL, DATABASE_REPLICA_URLS, MEDIA_SIGNING_KEY"
  recovery_window_in_days = var.destroyable ? 0 : 30
}

resource "aws_secretsmanager_secret" "owner" {
  name                    = "${var.name}/owner"
  description             = "The owner of ${var.name}'s schema, for migrations: DATABASE_URL"
  recovery_window_in_days = var.destroyable ? 0 : 30
}

# The users of the second cluster. Keys stay with the first secret.
resource "aws_secretsmanager_secret" "app_b" {
  count                   = contains(local.databases, "b") ? 1 : 0
  name                    = "${var.name}/app-b"
  description             = "What ${var.name} needs for its second database: DATABASE_URL, DATABASE_REPLICA_URLS"
  recovery_window_in_days = var.destroyable ? 0 : 30
}

resource "aws_secretsmanager_secret" "owner_b" {
  count                   = contains(local.databases, "b") ? 1 : 0
  name                    = "${var.name}/owner-b"
  description             = "The owner of the schema in ${var.name}'s second database: DATABASE_URL"
  recovery_window_in_days = var.destroyable ? 0 : 30
}

locals {
  app_secret_arns   = { a = aws_secretsmanager_secret.app.arn, b = one(aws_secretsmanager_secret.app_b[*].arn) }
  owner_secret_arns = { a = aws_secretsmanager_secret.owner.arn, b = one(aws_secretsmanager_secret.owner_b[*].arn) }

  app_url   = { for slot in local.databases : slot => "secretsmanager:${local.app_secret_arns[slot]}" }
  owner_url = { for slot in local.databases : slot => "secretsmanager:${local.owner_secret_arns[slot]}" }

  settings_paths = { for role in ["web", "worker", "ops"] : role => "/${var.name}/${role}/" }

  app_secret   = "secretsmanager:${aws_secretsmanager_secret.app.arn}"
  site_address = "https://${var.domain}"
  signed       = local.cdn && length(var.media_signing_public_keys) > 0

  # All processes at once, also while a refresh has half as many again, and one for commands.
  fleet_max = ceil(1.5 * local.web_max) + ceil(1.5 * local.worker_max) + 1

  common = merge(
    var.settings,
    {
      AWS_REGION               = var.region
      BASE_URL                 = local.site_address
      DATABASE_MAX_CONNECTIONS = tostring(var.database_max_connections)
      DATABASE_URL             = "${local.app_url[local.database_slot]}#DATABASE_URL"
      DRAIN_DELAY              = "${local.drain_delay}s"
      FLEET_MAX_PROCESSES      = tostring(local.fleet_max)
      LOG_FORMAT               = "json"
      MEDIA_S3_BUCKET          = module.photos[local.photos_slot].name
      MEDIA_STORE              = "s3"
      METRICS_ADDR             = "127.0.0.1:9100"
      MIGRATE                  = "wait"
      PORT                     = tostring(local.port)
      SECRET_KEY               = "${local.app_secret}#SECRET_KEY"
      SHUTDOWN_TIMEOUT         = "${local.drain_timeout}s"
      STATELESS                = "true"
      TRUSTED_PROXIES          = local.cdn ? "2" : "1"
    },
    local.many ? {
      SESSION_DYNAMODB_TABLE = module.sessions[0].name
      SESSION_STORE          = "dynamodb"
    } : {},
    local.cdn ? {
      MEDIA_BASE_URL            = local.site_address
      MEDIA_CDN_DISTRIBUTION_ID = module.cdn[0].id
      STATIC_BASE_URL           = local.site_address
    } : {},
    local.signed ? {
      MEDIA_SIGNING_KEY    = "${local.app_secret}#MEDIA_SIGNING_KEY"
      MEDIA_SIGNING_KEY_ID = module.cdn[0].signing_key_id
    } : {},
    local.replicas ? {
      DATABASE_REPLICA_URLS = "${local.app_url[local.database_slot]}#DATABASE_REPLICA_URLS"
    } : {},
    local.cache ? {
      CACHE_URL = "rediss://${module.cache[0].endpoint}:6379/0"
    } : {},
    local.workers ? {
      QUEUE_URL = module.queue[0].url
    } : {},
    local.next,
  )

  # Where the site may move to, for the time of a move.
  next = merge(
    local.moves.database ? {
      DATABASE_NEXT = "${local.app_url[local.database_next]}#DATABASE_URL"
    } : {},
    local.moves.database && local.replicas ? {
      DATABASE_REPLICA_URLS_NEXT = "${local.app_url[local.database_next]}#DATABASE_REPLICA_URLS"
    } : {},
    local.moves.photos ? {
      MEDIA_NEXT = "s3://${module.photos[local.photos_next].name}"
    } : {},
  )

  environments = merge(
    { web = merge(local.common, { ROLES = local.workers ? "web" : "web,worker" }) },
    local.workers ? { worker = merge(local.common, { ROLES = "worker" }) } : {},
    { ops = merge(
      local.common,
      { DATABASE_URL = "${local.owner_url[local.database_slot]}#DATABASE_URL", ROLES = "web,worker" },
      local.moves.database ? { DATABASE_NEXT = "${local.owner_url[local.database_next]}#DATABASE_URL" } : {},
    ) },
  )

  settings_versions = { for role, environment in local.environments : role => substr(sha256(jsonencode(environment)), 0, 12) }

  parameters = merge([for role, environment in local.environments :
    { for name, value in environment : "${local.settings_paths[role]}${name}" => value }
  ]...)
}

resource "aws_ssm_parameter" "settings" {
  for_each = local.parameters
  name     = each.key
  type     = "String"
  value    = each.value

  lifecycle {
    precondition {
      condition     = floor((var.database_max_connections - 10) / local.fleet_max) >= 3
      error_message = "database_max_connections leaves fewer than 3 connections to each of the ${local.fleet_max} processes that may run at once: raise it (with a larger class), or lower web_size or worker_size."
    }
  }
}
