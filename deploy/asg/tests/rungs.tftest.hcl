# What each rung builds, against a mocked AWS: no account is needed.
#   terraform init -backend=false && terraform test

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c", "eu-central-1d"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      domain_validation_options = [
        { domain_name = "photos.example.org", resource_record_name = "_a.photos.example.org", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
        { domain_name = "origin.photos.example.org", resource_record_name = "_c.photos.example.org", resource_record_type = "CNAME", resource_record_value = "_d.acm-validations.aws" },
      ]
    }
  }
  mock_resource "aws_rds_cluster" {
    defaults = {
      endpoint           = "photos.cluster-abc.eu-central-1.rds.amazonaws.com"
      reader_endpoint    = "photos.cluster-ro-abc.eu-central-1.rds.amazonaws.com"
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-abc", secret_status = "active", kms_key_id = "key" }]
    }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:photos/secret-AbCdEf" }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults = { primary_endpoint_address = "master.photos.abc.euc1.cache.amazonaws.com" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { url = "https://sqs.eu-central-1.amazonaws.com/123456789012/photos-jobs", arn = "arn:aws:sqs:eu-central-1:123456789012:photos-jobs" }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/photos" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/photos" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/photos/1", arn_suffix = "app/photos/1" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/2", arn_suffix = "targetgroup/web/2" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/photos/1/3" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:photos-alarms" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::bucket", bucket_regional_domain_name = "bucket.s3.eu-central-1.amazonaws.com" }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = { id = "E2EXAMPLE", arn = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE", domain_name = "d111.cloudfront.net", hosted_zone_id = "Z2FDTNDATAQYW2" }
  }
  mock_resource "aws_cloudfront_public_key" {
    defaults = { id = "K2EXAMPLE" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/photos-sessions" }
  }
  mock_resource "aws_autoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:eu-central-1:123456789012:scalingPolicy:1" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/photos/2" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 7 }
  }
}

override_resource {
  target = aws_secretsmanager_secret.owner
  values = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:photos/owner-GhIjKl" }
}

mock_provider "aws" {
  alias = "us_east_1"
  mock_resource "aws_acm_certificate" {
    defaults = { arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/photos/1" }
  }
}

override_resource {
  target = aws_secretsmanager_secret.app_b
  values = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:photos/app-b-JkLmNo" }
}

override_resource {
  target = aws_secretsmanager_secret.owner_b
  values = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:photos/owner-b-PqRsTu" }
}

variables {
  name           = "photos"
  region         = "eu-central-1"
  domain         = "photos.example.org"
  zone_id        = "Z0123456789ABCDEFGHIJ"
  ami_id         = "ami-0123456789abcdef0"
  origin_secrets = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
  settings       = { SITE_NAME = "Photos", STATELESS = "false" }
}

run "rung_2_planned" {
  command = plan
  variables {
    rung           = 2
    origin_secrets = []
  }

  assert {
    condition     = length(module.sessions) == 0 && length(module.cdn) == 0 && length(module.cache) == 0 && length(module.queue) == 0 && length(module.worker) == 0
    error_message = "Rung 2 builds what later rungs add."
  }
  assert {
    condition     = module.web.capacity == { min = 1, max = 1, health_check = "EC2", zones = 3 }
    error_message = "Rung 2 has one instance, in any of three zones, which only EC2 judges."
  }
}

run "rung_2_applied" {
  command = apply
  variables {
    rung           = 2
    origin_secrets = []
  }

  assert {
    condition     = join(",", keys(output.environment)) == "ops,web"
    error_message = "Rung 2 has one kind of instance, and commands."
  }
  assert {
    condition     = output.environment.web.ROLES == "web,worker" && output.environment.web.TRUSTED_PROXIES == "1"
    error_message = "One process does everything, behind one proxy."
  }
  assert {
    condition     = length(setintersection(keys(output.environment.web), ["SESSION_STORE", "MEDIA_BASE_URL", "STATIC_BASE_URL", "DATABASE_REPLICA_URLS", "CACHE_URL", "QUEUE_URL"])) == 0
    error_message = "Rung 2 sets toggles of later rungs."
  }
  assert {
    condition     = output.environment.web.STATELESS == "true"
    error_message = "What the module sets must win over `settings`."
  }
  assert {
    condition     = output.environment.web.DATABASE_URL != output.environment.ops.DATABASE_URL && startswith(output.environment.web.DATABASE_URL, "secretsmanager:arn:") && endswith(output.environment.web.SECRET_KEY, "#SECRET_KEY")
    error_message = "Secrets are references, and the schema's owner is for commands alone."
  }
  assert {
    condition     = module.database["a"].shape.instances == 1 && module.database["a"].shape.encrypted && module.database["a"].shape.protected && !module.database["a"].shape.skips_snapshot && module.database["a"].shape.keeps_backups && module.database["a"].shape.backup_days == 14 && !module.database["a"].shape.public
    error_message = "The database is encrypted, backed up, protected, and nobody's from outside; its backups outlive it."
  }
  assert {
    condition     = join(",", module.balancer.shape.public_ports) == "443,80" && module.balancer.shape.default == "forward" && module.balancer.shape.cloudfront == 0
    error_message = "Without CloudFront the balancer answers readers, by http only to send them to https."
  }
  assert {
    condition     = output.groups[0].preferences.MaxHealthyPercentage == 200
    error_message = "A group of one has the second before the first goes."
  }
  assert {
    condition     = module.network.shape.nats == 0 && module.web.tags.WayOut == "address" && join(",", module.network.shape.endpoints) == "dynamodb,s3"
    error_message = "By default there is no NAT, and the gateway endpoints are always there."
  }
}

# Each of the following climbs from the one before.

run "rung_3_applied" {
  command = apply
  variables {
    rung           = 3
    origin_secrets = []
    firewall       = true
  }

  assert {
    condition     = module.web.capacity == { min = 2, max = 2, health_check = "EC2", zones = 3 } && join(",", module.web.scalers) == ""
    error_message = "Rung 3 has two instances over three zones, and as many at all times."
  }
  assert {
    condition     = output.environment.web.SESSION_STORE == "dynamodb" && output.environment.web.SESSION_DYNAMODB_TABLE == module.sessions[0].name && output.environment.web.MEDIA_STORE == "s3" && output.environment.web.STATELESS == "true" && output.environment.web.TRUSTED_PROXIES == "1"
    error_message = "Rung 3 keeps nothing on an instance, behind one proxy."
  }
  assert {
    condition     = length(setintersection(keys(output.environment.web), ["MEDIA_BASE_URL", "STATIC_BASE_URL", "DATABASE_REPLICA_URLS", "CACHE_URL", "QUEUE_URL"])) == 0 && length(module.cdn) == 0 && module.database["a"].shape.instances == 1
    error_message = "Rung 3 has what later rungs add."
  }
  assert {
    condition     = module.sessions[0].shape.protected && module.sessions[0].shape.recovery
    error_message = "The table of sessions is protected and can be taken back."
  }
  assert {
    condition     = module.firewall_balancer[0].shape.scope == "REGIONAL" && length(module.firewall_edge) == 0
    error_message = "Without CloudFront the firewall stands at the balancer."
  }
  assert {
    condition     = length([for statement in local.web_statements : statement if statement.Sid == "Sessions" && statement.Resource == [module.sessions[0].arn]]) == 1
    error_message = "Instances may not reach their sessions."
  }
}

run "rung_6_applied" {
  command = apply
  variables {
    rung = 6
  }

  assert {
    condition     = output.environment.web.CACHE_URL == "rediss://master.photos.abc.euc1.cache.amazonaws.com:6379/0" && endswith(output.environment.web.DATABASE_REPLICA_URLS, "#DATABASE_REPLICA_URLS") && output.environment.web.MEDIA_BASE_URL == "https://photos.example.org"
    error_message = "Rung 6 has a cache over TLS, replicas and a CDN."
  }
  assert {
    condition     = module.cache[0].shape == { engine = "valkey", tls = true, encrypted = true, failover = false, zones = false }
    error_message = "One node is enough for what may be lost, and it is encrypted."
  }
  assert {
    condition     = !contains(keys(output.environment.web), "QUEUE_URL") && output.environment.web.ROLES == "web,worker" && length(module.worker) == 0 && join(",", keys(output.environment)) == "ops,web"
    error_message = "Rung 6 has no workers of their own."
  }
  assert {
    condition     = length(module.cdn[0].shape.signed) == 0 && !contains(keys(output.environment.web), "MEDIA_SIGNING_KEY")
    error_message = "Without a key to sign with, the site itself serves private photos."
  }
  assert {
    condition     = module.database["a"].shape.instances == 2 && module.database["a"].shape.max_readers == 0
    error_message = "Below rung 8 readers do not come and go."
  }
}

run "rung_7_applied" {
  command = apply
  variables {
    rung = 7
  }

  assert {
    condition     = output.environment.web.ROLES == "web" && output.environment.worker.ROLES == "worker" && output.environment.web.QUEUE_URL == module.queue[0].url && output.environment.worker.QUEUE_URL == module.queue[0].url
    error_message = "Web instances and workers share a queue."
  }
  assert {
    condition     = module.worker[0].capacity == { min = 1, max = 1, health_check = "EC2", zones = 3 } && length(module.worker[0].scalers) == 0 && [for group in output.groups : group.group] == ["photos-web", "photos-worker"]
    error_message = "Rung 7 has one worker, in any of three zones, and as many at all times."
  }
  assert {
    condition     = contains(flatten([for statement in local.worker_statements : statement.Action]), "sqs:ReceiveMessage") && !contains(flatten([for statement in local.web_statements : statement.Action]), "sqs:ReceiveMessage")
    error_message = "Workers hear of jobs, web instances do not."
  }
  assert {
    condition     = contains(module.watch.alarms, "queue-dead") && contains(module.watch.alarms, "jobs-age")
    error_message = "Nobody would hear of jobs that wait."
  }
}

run "rung_8_planned" {
  command = plan
  variables {
    rung                      = 8
    web_scaling               = "steps"
    nat                       = "zone"
    firewall                  = true
    budget_usd                = 300
    alarm_emails              = ["ops@example.org"]
    alarm_least_per_hour      = { posts = 1, uploads = 1 }
    media_signing_public_keys = ["-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"]
  }

  assert {
    condition     = module.web.capacity == { min = 2, max = 4, health_check = "EC2", zones = 3 } && module.worker[0].capacity == { min = 1, max = 2, health_check = "EC2", zones = 3 }
    error_message = "Both groups span three zones, and only EC2 judges their instances."
  }
  assert {
    condition     = join(",", module.web.scalers) == "less,more"
    error_message = "The classic steps are two, where they are chosen."
  }
}

run "rung_8_applied" {
  command = apply
  variables {
    rung                      = 8
    nat                       = "zone"
    firewall                  = true
    budget_usd                = 300
    alarm_emails              = ["ops@example.org"]
    alarm_least_per_hour      = { posts = 1, uploads = 1 }
    media_signing_public_keys = ["-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"]
    cache_nodes               = 2
  }

  # Zones
  assert {
    condition     = length(module.network.public_subnet_ids) == 3 && length(module.network.app_subnet_ids) == 3 && length(module.network.data_subnet_ids) == 3 && join(",", module.network.shape.zones) == "eu-central-1a,eu-central-1b,eu-central-1c"
    error_message = "The network spans three zones."
  }
  assert {
    condition     = module.network.shape.nats == 3 && join(",", module.network.shape.endpoints) == "dynamodb,s3" && !module.network.shape.data_has_way_out
    error_message = "A NAT per zone, gateway endpoints for S3 and DynamoDB, and no way out of the data subnets."
  }

  # Health and life
  assert {
    condition     = module.balancer.shape.health_path == "/readyz" && module.balancer.shape.idle_timeout < 75 && module.balancer.shape.deregistration_delay > local.drain_seconds
    error_message = "The balancer asks /readyz, closes idle connections before the site does (75 s), and waits longer than a drain."
  }
  assert {
    condition = jsonencode(output.groups) == jsonencode([for role in ["web", "worker"] : {
      group   = "photos-${role}"
      desired = { LaunchTemplate = { LaunchTemplateId = "lt-0123456789abcdef0", Version = "7" } }
      preferences = {
        MinHealthyPercentage      = 100, MaxHealthyPercentage = 150, InstanceWarmup = 90, AutoRollback = true, SkipMatching = true,
        ScaleInProtectedInstances = "Wait", StandbyInstances = "Wait",
        AlarmSpecification        = { Alarms = ["photos-errors", "photos-unhealthy"] }, BakeTime = 300
      }
    }]) && module.web.pinned_version == "7"
    error_message = "A refresh has a new instance before an old one goes, looks on for as long as an alarm needs, and goes back to a numbered version."
  }
  assert {
    condition     = module.web.hooks == { ready = "ABANDON", drain = "CONTINUE", drain_seconds = local.drain_seconds + 60 }
    error_message = "Instances count once they are ready, and may drain."
  }
  assert {
    condition     = alltrue([for group in [module.web, module.worker[0], module.ops] : group.reach == { tokens = "required", hops = 1, ssh_key = "none" } && group.disk_encrypted == "true"])
    error_message = "Instances speak IMDSv2 only and to themselves alone, nobody has a key for SSH, and disks are encrypted."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.balancer.from_port == local.port && aws_vpc_security_group_ingress_rule.balancer.to_port == local.port && aws_vpc_security_group_ingress_rule.balancer.cidr_ipv4 == null
    error_message = "Instances let in the balancer, at the site's port."
  }
  assert {
    condition     = base64decode(module.web.user_data) == "SETTINGS=ssm:/photos/web/\n" && base64decode(module.worker[0].user_data) == "SETTINGS=ssm:/photos/worker/\n"
    error_message = "User data is one line."
  }
  assert {
    condition     = module.web.settings_version != module.worker[0].settings_version && length(module.web.settings_version) == 12
    error_message = "Other settings must be another version of the template."
  }
  assert {
    condition     = join(",", module.web.scalers) == "cpu,requests" && join(",", module.worker[0].scalers) == "less,more" && module.worker[0].scales_by == "tintype_jobs_oldest_ready_seconds"
    error_message = "Web instances follow requests and CPU, workers the wait of the oldest job."
  }
  assert {
    condition     = module.web.requests_of == "app/photos/1/targetgroup/web/2"
    error_message = "Requests are counted of our target group at our balancer."
  }

  # Who gets in
  assert {
    condition     = length(module.balancer.shape.public_ports) == 0 && module.balancer.shape.default == "fixed-response" && module.balancer.shape.secrets == 2 && module.balancer.shape.cloudfront == 1
    error_message = "The balancer takes only CloudFront's addresses with one of two secrets."
  }
  assert {
    condition = alltrue([for bucket, copies in { photos = false, assets = true } : { photos = module.photos["a"], assets = module.assets[0] }[bucket].shape == {
      public_blocked = true, versions = "Enabled", version_days = 7, abort_days = 2, encrypted = "AES256", destroyable = copies
    }])
    error_message = "Buckets are closed, encrypted, versioned for 7 days, and photos are not destroyed with theirs."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(module.photos["a"].policy).Statement : statement.Effect == "Deny" || (statement.Principal == { Service = "cloudfront.amazonaws.com" } && alltrue([for resource in statement.Resource : !strcontains(resource, "orig/") && !endswith(resource, ":bucket/*")]))])
    error_message = "Only CloudFront reads photos, and never originals."
  }
  assert {
    condition     = join(",", module.cdn[0].shape.signed) == "/priv/*" && contains(module.cdn[0].shape.paths, "/pub/*") && module.cdn[0].shape.sorry == toset([502, 504]) && module.cdn[0].shape.tls == "TLSv1.2_2021"
    error_message = "Private photos are signed, public ones are not, and an origin that is down has a page."
  }
  assert {
    condition     = module.cdn[0].shape.key_cookies == toset(["__Host-tintype_session"]) && module.cdn[0].shape.default_ttl == 0 && module.cdn[0].shape.min_ttl == 0
    error_message = "Pages are kept as long as the site says, by path, known parameters and the session."
  }
  assert {
    condition     = startswith(module.cdn[0].shape.certificate, "arn:aws:acm:us-east-1:") && join(",", module.cdn[0].shape.signs) == "assets,photos" && module.cdn[0].shape.forwards == "allViewer"
    error_message = "CloudFront takes certificates of us-east-1 only, shows who it is to buckets alone, and passes on what readers send."
  }
  assert {
    condition     = module.firewall_edge[0].shape.scope == "CLOUDFRONT" && join(", ", module.firewall_edge[0].shape.limits) == "all 5000, log-in 100" && length(module.firewall_balancer) == 0
    error_message = "Behind CloudFront the firewall stands there, and bounds requests and attempts to log in."
  }

  # Sessions, data
  assert {
    condition     = module.sessions[0].shape == { hash = "account_id", range = "session_hash", ttl = "expires_s", recovery = true, protected = true }
    error_message = "The table of sessions is not the one that the program works on."
  }
  assert {
    condition     = module.database["a"].shape.instances == 2 && module.database["a"].shape.max_readers == 3 && module.database["a"].shape.tls == "ON" && module.database["a"].shape.protected
    error_message = "A primary and a reader, up to three of them, over TLS only."
  }
  assert {
    condition     = module.cache[0].shape == { engine = "valkey", tls = true, encrypted = true, failover = true, zones = true }
    error_message = "The cache is encrypted, and with two nodes stands in two zones."
  }
  assert {
    condition     = jsondecode(module.queue[0].redrive).maxReceiveCount == 10 && module.queue[0].encrypted
    error_message = "The queue has a dead-letter queue and is encrypted."
  }

  # Rights
  assert {
    condition = alltrue([for statement in concat(local.web_statements, local.worker_statements, local.ops_statements) :
      statement.Effect == "Allow" && alltrue([for action in statement.Action : !endswith(action, "*")]) &&
      (!contains(statement.Resource, "*") || contains(["Metrics", "Commands", "WhichGroup"], statement.Sid))
    ])
    error_message = "A right is given on everything, or by a wildcard."
  }
  assert {
    condition     = length([for statement in concat(local.web_statements, local.worker_statements) : statement if contains(statement.Resource, aws_secretsmanager_secret.owner.arn) && statement.Sid != "Secrets" || statement.Sid == "OwnerSecrets" || statement.Sid == "MakeSecrets" || statement.Sid == "Assets"]) == 0
    error_message = "Web instances and workers may not own the schema or change static files."
  }
  assert {
    condition     = !contains(flatten([for statement in local.web_statements : statement.Action]), "sqs:ReceiveMessage")
    error_message = "Web instances announce jobs and hear of none."
  }

  # Settings
  assert {
    condition     = output.environment.web.ROLES == "web" && output.environment.worker.ROLES == "worker" && output.environment.web.TRUSTED_PROXIES == "2" && output.environment.web.CACHE_URL == "rediss://master.photos.abc.euc1.cache.amazonaws.com:6379/0"
    error_message = "Two roles, two proxies, a cache over TLS."
  }
  assert {
    condition     = tonumber(output.environment.web.FLEET_MAX_PROCESSES) == 10
    error_message = "Half as many again of 4 and of 2, and one for commands, share the database's connections."
  }

  # Watching
  assert {
    condition     = length(setsubtract(["p99", "unhealthy", "unreachable", "busy", "jobs-age", "jobs-dead", "silent", "replica-lag", "queue-dead", "few-posts", "few-uploads", "database-cpu", "database-connections"], module.watch.alarms)) == 0
    error_message = "An alarm on the steady state is missing."
  }
  assert {
    condition     = alltrue([for actions in module.watch.actions : actions == toset([output.alarm_topic])]) && module.watch.forwards
    error_message = "Every alarm reaches the one topic, also the one of us-east-1."
  }
  assert {
    condition     = module.watch.shape.page == "HTTPS /" && module.watch.shape.panels == 10 && join(",", module.watch.shape.days) == "30" && join(",", module.watch.shape.bill) == "${output.alarm_topic},${output.alarm_topic}"
    error_message = "A page is asked for from outside, the dashboard shows all of it, the bill reaches the one topic, logs do not stay for ever."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(module.watch.topic_policy).Statement : contains(flatten([statement.Principal.Service]), "events.amazonaws.com") != can(statement.Condition)])
    error_message = "Events fail without a word under a condition on their account; the others need one."
  }
  assert {
    condition     = module.web.tags.WayOut == "nat" && module.worker[0].tags.WayOut == "nat"
    error_message = "Instances that were started with addresses of their own must be replaced where a NAT takes their place."
  }
}

# And down again, with another way out.
run "rung_3_again" {
  command = apply
  variables {
    rung           = 3
    origin_secrets = []
  }
  assert {
    condition     = aws_route53_record.site["A"].alias[0].name == module.balancer.dns_name && join(",", keys(aws_route53_record.site)) == "A" && module.balancer.shape.default == "forward"
    error_message = "The site's name must lead to the balancer again, and the balancer to the site."
  }
  assert {
    condition     = length(module.cdn) + length(module.assets) + length(module.cache) + length(module.queue) + length(module.worker) == 0 && length(module.sessions) == 1 && module.web.tags.WayOut == "address"
    error_message = "What rung 3 does not need is still there."
  }
}

run "choices" {
  command = plan
  variables {
    rung                    = 5
    origin_open             = true
    database_instance_class = "db.serverless"
  }
  assert {
    condition     = module.database["a"].shape.serverless && module.database["a"].shape.instances == 2 && module.database["a"].shape.max_readers == 0
    error_message = "Serverless v2 by the instances' class; readers that come and go are rung 8."
  }
  assert {
    condition     = length(module.cdn) == 1 && module.balancer.shape.default == "forward" && join(",", module.balancer.shape.public_ports) == "443,80"
    error_message = "Readers who still know the balancer's address must get in while the site moves."
  }
  assert {
    condition     = module.balancer.shape.cloudfront == 1 && module.balancer.shape.secrets == 2
    error_message = "What lets CloudFront in must be there before readers are shut out."
  }
}

run "no_secret_for_the_origin" {
  command = plan
  variables {
    rung           = 4
    origin_secrets = []
  }
  expect_failures = [var.origin_secrets]
}

run "too_many_processes" {
  command = plan
  variables {
    rung     = 8
    web_size = { min = 2, max = 30 }
  }
  expect_failures = [aws_ssm_parameter.settings]
}

run "what_aws_would_refuse" {
  command = plan
  variables {
    rung     = 1
    name     = "photos--two"
    zones    = ["eu-central-1a"]
    settings = { CONTACT = "" }
  }
  expect_failures = [var.rung, var.name, var.zones, var.settings]
}

# A move: the second cluster and bucket beside the first, and afterwards alone.
run "move_begun" {
  command = apply
  variables {
    rung = 5
    next = { database = { instance_class = "db.r8g.large" }, photos = {} }
  }

  assert {
    condition     = length(module.database) == 2 && length(module.photos) == 2 && module.database["b"].shape.class == "db.r8g.large" && module.database["a"].shape.class == "db.t4g.medium"
    error_message = "For the time of a move there are two clusters, of which the second may have another class, and two buckets."
  }
  assert {
    condition     = module.database["a"].shape.triggers && module.database["b"].shape.triggers
    error_message = "Both servers let the move make its triggers."
  }
  assert {
    condition     = output.environment.web.DATABASE_NEXT != output.environment.web.DATABASE_URL && output.environment.ops.DATABASE_NEXT != output.environment.web.DATABASE_NEXT && output.next.DATABASE_NEXT == output.environment.web.DATABASE_NEXT
    error_message = "All instances are told of the second cluster, and commands as the schema's owner."
  }
  assert {
    condition     = endswith(output.environment.web.DATABASE_REPLICA_URLS_NEXT, "#DATABASE_REPLICA_URLS") && output.environment.web.DATABASE_REPLICA_URLS_NEXT != output.environment.web.DATABASE_REPLICA_URLS && length(output.next) == 3
    error_message = "All instances are told of the second cluster's readers."
  }
  assert {
    condition     = output.environment.web.MEDIA_NEXT == "s3://photos-photos-b-123456789012" && output.environment.web.MEDIA_S3_BUCKET == "photos-photos-123456789012"
    error_message = "All instances are told of the second bucket, and have the first."
  }
  assert {
    condition     = [for d in output.databases : d.keys] == ["keys", "none"]
    error_message = "Keys are made once."
  }
  assert {
    condition     = alltrue([for s in local.web_statements : length(s.Resource) == 2 if contains(["Photos", "PhotosList", "Secrets"], s.Sid)])
    error_message = "Instances may use both buckets and both secrets."
  }
  assert {
    condition     = local.cdn_slot == "a"
    error_message = "While photos are copied, the CDN fetches from the bucket that has all of them."
  }
}

# After the copy, and before it is finished: what is posted from then on is in both buckets.
run "photos_from_the_second_bucket" {
  command = apply
  variables {
    rung = 5
    next = { database = { instance_class = "db.r8g.large" }, photos = { cdn = true } }
  }

  assert {
    condition     = local.cdn_slot == "b" && length(module.photos) == 2 && length(module.cdn) == 1
    error_message = "The CDN fetches from the second bucket, and the first one stays."
  }
  assert {
    condition     = alltrue([for bucket in module.photos : anytrue([for statement in jsondecode(bucket.policy).Statement : statement.Effect == "Allow" && statement.Principal == { Service = "cloudfront.amazonaws.com" }])])
    error_message = "Both buckets let the CDN in, so that edges that still ask the first one are answered."
  }
  assert {
    condition     = output.environment.web.MEDIA_NEXT == "s3://photos-photos-b-123456789012" && output.environment.web.MEDIA_S3_BUCKET == "photos-photos-123456789012"
    error_message = "The site goes on to be told of both, and to have the first."
  }
}

run "move_over" {
  command = apply
  variables {
    rung                    = 5
    in_charge               = { database = "b", photos = "b" }
    next                    = {}
    database_instance_class = "db.r8g.large"
  }

  assert {
    condition     = keys(module.database) == ["b"] && keys(module.photos) == ["b"] && module.database["b"].shape.class == "db.r8g.large" && !module.database["b"].shape.triggers
    error_message = "Once a move is over, the cluster and the bucket that the site has left are gone."
  }
  assert {
    condition     = local.cdn_slot == "b" && length(module.cdn) == 1
    error_message = "The CDN fetches from the bucket that is left."
  }
  assert {
    condition     = output.environment.web.MEDIA_S3_BUCKET == "photos-photos-b-123456789012" && length(setintersection(keys(output.environment.web), ["MEDIA_NEXT", "DATABASE_NEXT", "DATABASE_REPLICA_URLS_NEXT"])) == 0 && length(output.next) == 0
    error_message = "The settings name the second cluster and bucket alone."
  }
}

run "move_of_a_slot_that_is_none" {
  command = plan
  variables {
    rung      = 5
    in_charge = { database = "c" }
  }
  expect_failures = [var.in_charge]
}
