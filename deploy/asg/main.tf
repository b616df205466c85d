# The group, rung by rung: what a rung does not need is not made.

data "aws_caller_identity" "this" {}

data "aws_availability_zones" "this" {
  state = "available"
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  tags = { Site = var.name, ManagedBy = "tintype deploy/asg" }
  # Whether an instance has an address of its own is decided when it starts: with
  # another way out, the groups replace theirs.
  instance_tags = merge(local.tags, { WayOut = var.nat == "none" ? "address" : "nat" })

  zones = length(var.zones) > 0 ? var.zones : slice(data.aws_availability_zones.this.names, 0, min(3, length(data.aws_availability_zones.this.names)))

  many     = var.rung >= 3
  cdn      = var.rung >= 4
  replicas = var.rung >= 5
  cache    = var.rung >= 6
  workers  = var.rung >= 7
  elastic  = var.rung >= 8

  web_min    = local.many ? var.web_size.min : 1
  web_max    = local.elastic ? var.web_size.max : local.web_min
  worker_min = local.workers ? var.worker_size.min : 0
  worker_max = local.elastic ? var.worker_size.max : local.worker_min

  # A move has two databases or two buckets for a while: a and b. Each of the two may be the one in charge, so that the
  # one that the site has left can go, and the next move leads back to its name.
  database_slot = var.in_charge.database
  photos_slot   = var.in_charge.photos
  database_next = local.database_slot == "a" ? "b" : "a"
  photos_next   = local.photos_slot == "a" ? "b" : "a"
  moves         = { database = var.next.database != null, photos = var.next.photos != null }
  databases     = concat([local.database_slot], local.moves.database ? [local.database_next] : [])
  buckets       = concat([local.photos_slot], local.moves.photos ? [local.photos_next] : [])
  cdn_slot      = local.moves.photos && try(var.next.photos.cdn, false) ? local.photos_next : local.photos_slot
  of_database   = { for slot in local.databases : slot => slot == local.database_slot ? null : var.next.database }

  port          = 8080
  origin_domain = "origin.${var.domain}"
  secret_header = "X-Origin-Secret"
  drain_delay   = 15
  drain_timeout = 60
  drain_seconds = local.drain_delay + 2 * local.drain_timeout # for requests, and then for jobs
}

module "network" {
  source = "./modules/network"
  name   = var.name
  region = var.region
  cidr   = var.cidr
  zones  = local.zones
  nat    = var.nat
}

# The instances: in from the balancer alone, out to anywhere.
resource "aws_security_group" "instances" {
  name_prefix = "${var.name}-instances-"
  description = "The instances of ${var.name}"
  vpc_id      = module.network.vpc_id
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  security_group_id            = aws_security_group.instances.id
  description                  = "The balancer"
  referenced_security_group_id = module.balancer.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.instances.id
  description       = "AWS's services, updates, the database and the cache"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

module "balancer" {
  source                      = "./modules/balancer"
  name                        = var.name
  vpc_id                      = module.network.vpc_id
  subnet_ids                  = module.network.public_subnet_ids
  instances_security_group_id = aws_security_group.instances.id
  port                        = local.port
  certificate_arn             = aws_acm_certificate_validation.site.certificate_arn
  idle_timeout                = 60
  deregistration_delay        = local.drain_seconds + 15
  behind_cdn                  = local.cdn
  open                        = var.origin_open
  secret_header               = local.secret_header
  origin_secrets              = var.origin_secrets
  deletion_protection         = !var.destroyable
}

module "database" {
  for_each                    = toset(local.databases)
  source                      = "./modules/database"
  name                        = each.key == "a" ? var.name : "${var.name}-b"
  vpc_id                      = module.network.vpc_id
  subnet_ids                  = module.network.data_subnet_ids
  instances_security_group_id = aws_security_group.instances.id
  engine_version              = try(coalesce(local.of_database[each.key].engine_version), var.database_engine_version)
  database_name               = "tintype"
  instance_class              = try(coalesce(local.of_database[each.key].instance_class), var.database_instance_class)
  moves                       = local.moves.database
  min_acu                     = var.database_acu.min
  max_acu                     = var.database_acu.max
  readers                     = local.replicas ? var.database_readers.min : 0
  max_readers                 = local.elastic ? var.database_readers.max : 0
  max_connections             = var.database_max_connections
  backup_days                 = var.backup_days
  destroyable                 = var.destroyable
}

moved {
  from = module.database
  to   = module.database["a"]
}

module "sessions" {
  count       = local.many ? 1 : 0
  source      = "./modules/sessions"
  name        = var.name
  destroyable = var.destroyable
}

# An instance of a group may be replaced at any time, so photos are in a bucket
# from rung 2 on.
module "photos" {
  for_each                 = toset(local.buckets)
  source                   = "./modules/bucket"
  bucket                   = "${var.name}-photos${each.key == "a" ? "" : "-b"}-${data.aws_caller_identity.this.account_id}"
  version_days             = var.version_days
  reader_distribution_arns = local.cdn ? [module.cdn[0].arn] : []
  reader_prefixes          = ["pub/", "priv/"] # never orig/
  destroyable              = var.destroyable
}

moved {
  from = module.photos
  to   = module.photos["a"]
}

module "assets" {
  count                    = local.cdn ? 1 : 0
  source                   = "./modules/bucket"
  bucket                   = "${var.name}-assets-${data.aws_caller_identity.this.account_id}"
  version_days             = var.version_days
  reader_distribution_arns = [module.cdn[0].arn]
  reader_prefixes          = ["static/", "sorry/"]
  destroyable              = true # copies of what the program holds, which the way down to rung 3 must not stumble over
}

resource "aws_s3_object" "sorry" {
  count         = local.cdn ? 1 : 0
  bucket        = module.assets[0].name
  key           = "sorry/index.html"
  source        = "${path.module}/sorry.html"
  source_hash   = filemd5("${path.module}/sorry.html")
  content_type  = "text/html; charset=utf-8"
  cache_control = "public, max-age=60"
}

module "cdn" {
  count               = local.cdn ? 1 : 0
  source              = "./modules/cdn"
  name                = var.name
  domain              = var.domain
  origin_domain       = local.origin_domain
  certificate_arn     = aws_acm_certificate_validation.edge[0].certificate_arn
  secret_header       = local.secret_header
  origin_secret       = var.origin_secrets[0]
  media_domain        = local.cdn_slot == "a" ? module.photos["a"].domain_name : module.photos["b"].domain_name # named one by one: the bucket allows this distribution
  assets_domain       = module.assets[0].domain_name
  public_photos       = lookup(var.settings, "VISITORS", "read") != "none"
  signing_public_keys = var.media_signing_public_keys
  price_class         = var.price_class
  web_acl_arn         = var.firewall ? module.firewall_edge[0].arn : null
}

module "firewall_edge" {
  count       = var.firewall && local.cdn ? 1 : 0
  source      = "./modules/firewall"
  providers   = { aws = aws.us_east_1 }
  name        = var.name
  scope       = "CLOUDFRONT"
  limit       = var.firewall_limit
  login_limit = var.firewall_login_limit
}

module "firewall_balancer" {
  count       = var.firewall && !local.cdn ? 1 : 0
  source      = "./modules/firewall"
  name        = var.name
  scope       = "REGIONAL"
  limit       = var.firewall_limit
  login_limit = var.firewall_login_limit
}

resource "aws_wafv2_web_acl_association" "balancer" {
  count        = length(module.firewall_balancer)
  resource_arn = module.balancer.arn
  web_acl_arn  = module.firewall_balancer[0].arn
}

module "cache" {
  count                       = local.cache ? 1 : 0
  source                      = "./modules/cache"
  name                        = var.name
  vpc_id                      = module.network.vpc_id
  subnet_ids                  = module.network.data_subnet_ids
  instances_security_group_id = aws_security_group.instances.id
  node_type                   = var.cache_node_type
  nodes                       = var.cache_nodes
}

module "queue" {
  count  = local.workers ? 1 : 0
  source = "./modules/queue"
  name   = var.name
}

module "web" {
  source              = "./modules/group"
  name                = var.name
  role                = "web"
  tags                = local.instance_tags
  ami_id              = var.ami_id
  instance_type       = var.web_instance_type
  disk_gb             = var.disk_gb
  subnet_ids          = module.network.app_subnet_ids
  security_group_ids  = [aws_security_group.instances.id]
  target_group_arns   = [module.balancer.target_group_arn]
  settings_path       = local.settings_paths.web
  settings_version    = local.settings_versions["web"]
  statements          = local.web_statements
  min_size            = local.web_min
  max_size            = local.web_max
  drain_seconds       = local.drain_seconds
  warmup_seconds      = 90
  rollback_alarms     = local.rollback_alarms
  scaling             = local.elastic ? var.web_scaling : "none"
  resource_label      = "${module.balancer.arn_suffix}/${module.balancer.target_group_arn_suffix}"
  requests_per_minute = var.web_requests_per_minute
  cpu_percent         = var.web_cpu_percent
  depends_on          = [aws_ssm_parameter.settings, module.balancer]
}

module "worker" {
  count              = local.workers ? 1 : 0
  source             = "./modules/group"
  name               = var.name
  role               = "worker"
  tags               = local.instance_tags
  ami_id             = var.ami_id
  instance_type      = var.worker_instance_type
  disk_gb            = var.disk_gb
  subnet_ids         = module.network.app_subnet_ids
  security_group_ids = [aws_security_group.instances.id]
  target_group_arns  = []
  settings_path      = local.settings_paths.worker
  settings_version   = local.settings_versions["worker"]
  statements         = local.worker_statements
  min_size           = local.worker_min
  max_size           = local.worker_max
  drain_seconds      = local.drain_seconds
  warmup_seconds     = 90
  rollback_alarms    = local.rollback_alarms
  scaling            = local.elastic ? "queue" : "none"
  queue_age_seconds  = var.worker_queue_age_seconds
  depends_on         = [aws_ssm_parameter.settings]
}

# For commands (migrate up, setup database, account promote): release.sh starts
# an instance of this template, runs one command on it by SSM, and ends it.
module "ops" {
  source             = "./modules/group"
  name               = var.name
  role               = "ops"
  tags               = local.instance_tags
  ami_id             = var.ami_id
  instance_type      = var.web_instance_type
  disk_gb            = var.disk_gb
  subnet_ids         = module.network.app_subnet_ids
  security_group_ids = [aws_security_group.instances.id]
  target_group_arns  = []
  settings_path      = local.settings_paths.ops
  settings_version   = local.settings_versions["ops"]
  statements         = local.ops_statements
  min_size           = 0
  max_size           = 0
  drain_seconds      = local.drain_seconds
  warmup_seconds     = 0
  rollback_alarms    = []
  scaling            = "none"
}

module "watch" {
  source    = "./modules/watch"
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  name                    = var.name
  region                  = var.region
  account_id              = data.aws_caller_identity.this.account_id
  domain                  = var.domain
  health_path             = lookup(var.settings, "VISITORS", "read") == "none" ? "/login" : "/"
  emails                  = var.alarm_emails
  roles                   = keys(local.environments)
  log_days                = var.log_days
  balancer                = module.balancer.arn_suffix
  target_group            = module.balancer.target_group_arn_suffix
  database                = module.database[local.database_slot].cluster_id
  replicas                = local.replicas
  max_connections         = var.database_max_connections
  dead_letter_queue       = local.workers ? module.queue[0].dead_name : ""
  p99_ms                  = var.alarm_p99_ms
  least_posts_per_hour    = var.alarm_least_per_hour.posts
  least_uploads_per_hour  = var.alarm_least_per_hour.uploads
  queue_age_alarm_seconds = max(300, 4 * var.worker_queue_age_seconds)
  budget_usd              = var.budget_usd
}
