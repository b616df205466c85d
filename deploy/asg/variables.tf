variable "name" {
  description = "The site's short name, which the names of all its parts begin with."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "Use 3 to 20 lower-case letters, digits and single hyphens, beginning with a letter."
  }
  validation {
    condition     = !can(regex("^(aws|ssm|internal-)", var.name))
    error_message = "AWS keeps names that begin with aws, ssm or internal- for itself."
  }
}

variable "rung" {
  description = "How far up: 2 a database of its own, 3 two or more instances, 4 a CDN, 5 replicas, 6 a shared cache, 7 workers, 8 instances that come and go."
  type        = number
  validation {
    condition     = contains([2, 3, 4, 5, 6, 7, 8], var.rung)
    error_message = "This builds the rungs from 2 to 8; deploy/single is rung 1."
  }
}

variable "region" {
  description = "The region of everything but CloudFront's certificate and firewall."
  type        = string
}

variable "domain" {
  description = "The site's host name, such as photos.example.org."
  type        = string
}

variable "zone_id" {
  description = "The Route 53 hosted zone that holds the domain."
  type        = string
}

variable "ami_id" {
  description = "The image that deploy/ami made, for the architecture of the instance types."
  type        = string
}

variable "settings" {
  description = "Further settings of the site by name, such as SITE_NAME or CONTACT. What this module sets wins."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for name, value in var.settings : can(regex("^[A-Z][A-Z0-9_]*$", name)) && length(value) >= 1 && length(value) <= 4096])
    error_message = "A setting's name is of capitals, digits and _, and a parameter holds 1 to 4096 characters: leave out what is empty."
  }
}

# Network

variable "zones" {
  description = "The availability zones, two to four; empty: the region's first three."
  type        = list(string)
  default     = []
  validation {
    condition     = contains([0, 2, 3, 4], length(distinct(var.zones))) && length(distinct(var.zones)) == length(var.zones)
    error_message = "Name two to four different zones (the balancer and the database want two, the network has room for four), or none."
  }
}

variable "cidr" {
  description = "The network's addresses."
  type        = string
  default     = "10.20.0.0/16"
}

variable "nat" {
  description = "How instances reach the internet: none (public addresses, nobody let in but the balancer), one, or zone (one per zone)."
  type        = string
  default     = "none"
  validation {
    condition     = contains(["none", "one", "zone"], var.nat)
    error_message = "Choose none, one or zone."
  }
}

# Instances

variable "web_instance_type" {
  description = "The size of web instances."
  type        = string
  default     = "t4g.small"
}

variable "worker_instance_type" {
  description = "The size of workers."
  type        = string
  default     = "t4g.small"
}

variable "web_size" {
  description = "How many web instances: at least (rungs 3 to 7 have so many), and at most (rung 8)."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 4 }
  validation {
    condition     = var.web_size.min >= 2 && var.web_size.max >= var.web_size.min
    error_message = "From rung 3 on there are two or more, so that one may go."
  }
}

variable "worker_size" {
  description = "How many workers: at least (rung 7 has so many), and at most (rung 8)."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 2 }
  validation {
    condition     = var.worker_size.min >= 1 && var.worker_size.max >= var.worker_size.min
    error_message = "Without a worker no photo would be prepared."
  }
}

variable "disk_gb" {
  description = "The disk of an instance; uploads pass through it."
  type        = number
  default     = 10
}

variable "rollback_by_alarm" {
  description = "Whether alarms on errors and readiness take a release back. They also keep one from beginning while they ring: false for the release that ends them."
  type        = bool
  default     = true
}

variable "web_scaling" {
  description = "By what web instances come and go at rung 8: target (requests and CPU per instance) or steps (above 75 % CPU one more, below 20 % one less)."
  type        = string
  default     = "target"
  validation {
    condition     = contains(["target", "steps"], var.web_scaling)
    error_message = "Choose target or steps."
  }
}

variable "web_requests_per_minute" {
  description = "target: requests a minute that an instance should get."
  type        = number
  default     = 3000
}

variable "web_cpu_percent" {
  description = "target: CPU that an instance should use."
  type        = number
  default     = 55
}

variable "worker_queue_age_seconds" {
  description = "How long the oldest job may wait before there is one worker more."
  type        = number
  default     = 30
}

# Database

variable "database_engine_version" {
  description = "The release of Aurora MySQL 3. The default is one with long-term support; upgrade by changing it."
  type        = string
  default     = "8.0.mysql_aurora.3.10.3"
}

variable "database_instance_class" {
  description = "The class of primary and readers; db.serverless is Serverless v2."
  type        = string
  default     = "db.t4g.medium"
}

variable "database_acu" {
  description = "Serverless v2: the least and the most capacity."
  type        = object({ min = number, max = number })
  default     = { min = 0.5, max = 8 }
}

variable "database_max_connections" {
  description = "How many connections each server takes; more need a larger class."
  type        = number
  default     = 90
}

variable "database_readers" {
  description = "How many readers from rung 5 on: at least, and at most at rung 8."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 3 }
}

variable "backup_days" {
  description = "How many days the database can be taken back."
  type        = number
  default     = 14
  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "Aurora keeps 1 to 35 days."
  }
}

# Moves

variable "next" {
  description = "For the time of a move, what the site is to move to, beside what it has: database, a second cluster, whose release and class may be others; photos, a second bucket, from which CloudFront fetches once cdn is true (after tintype move media). README.md has the steps."
  type = object({
    database = optional(object({ engine_version = optional(string), instance_class = optional(string) }))
    photos   = optional(object({ cdn = optional(bool, false) }))
  })
  default = {}
}

variable "in_charge" {
  description = "Which cluster and which bucket are the site's: a, until a move has led to b; after the next one a again. Change it together with what next says: what both no longer name is destroyed."
  type        = object({ database = optional(string, "a"), photos = optional(string, "a") })
  default     = {}
  validation {
    condition     = alltrue([for slot in values(var.in_charge) : contains(["a", "b"], slot)])
    error_message = "Choose a or b."
  }
}

# Photos and CDN

variable "version_days" {
  description = "How many days a deleted photo's versions last. The privacy page says 7."
  type        = number
  default     = 7
}

variable "origin_secrets" {
  description = "From rung 4 on: what CloudFront says to the balancer, 32 characters or more. Two while it rotates: the first is sent, both are taken."
  type        = list(string)
  default     = []
  sensitive   = true
  validation {
    condition     = length(var.origin_secrets) <= 2 && alltrue([for s in var.origin_secrets : can(regex("^[A-Za-z0-9]{32,128}$", s))])
    error_message = "One or two secrets of 32 to 128 letters and digits."
  }
  validation {
    condition     = var.rung < 4 || length(var.origin_secrets) > 0
    error_message = "From rung 4 on it takes a secret: openssl rand -hex 32"
  }
}

variable "origin_open" {
  description = "true lets the balancer take readers beside CloudFront, for the hour of moving to rung 4 or back: until every resolver knows the new address."
  type        = bool
  default     = false
}

variable "media_signing_public_keys" {
  description = "From rung 4 on: public keys, as PEM, for private photos from CloudFront. The first is the one that the site signs with; without any, the site itself serves them."
  type        = list(string)
  default     = []
}

variable "price_class" {
  description = "Which of CloudFront's edges are used: PriceClass_100, _200 or _All."
  type        = string
  default     = "PriceClass_100"
}

variable "firewall" {
  description = "Whether AWS WAF limits requests by address, at CloudFront or before that at the balancer."
  type        = bool
  default     = false
}

variable "firewall_limit" {
  description = "Requests by one address in five minutes."
  type        = number
  default     = 5000
}

variable "firewall_login_limit" {
  description = "Attempts to log in or sign up, and what else strangers send that costs much, by one address in five minutes."
  type        = number
  default     = 100
}

# Cache

variable "cache_node_type" {
  description = "The size of the cache's nodes."
  type        = string
  default     = "cache.t4g.micro"
}

variable "cache_nodes" {
  description = "How many nodes the cache has. It may be lost, so one is enough."
  type        = number
  default     = 1
}

# Watching

variable "alarm_emails" {
  description = "Who hears of alarms."
  type        = list(string)
  default     = []
}

variable "alarm_p99_ms" {
  description = "An alarm where the slowest hundredth of answers (uploads and streams aside) takes longer."
  type        = number
  default     = 1500
}

variable "alarm_least_per_hour" {
  description = "An alarm where an hour has fewer posts or uploads; 0 for none. A steady site falls silent when something is wrong that nothing else sees."
  type        = object({ posts = number, uploads = number })
  default     = { posts = 0, uploads = 0 }
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "budget_usd" {
  description = "An alarm at 80 % of so many dollars a month, and where the forecast passes them; 0 for none."
  type        = number
  default     = 0
}

variable "destroyable" {
  description = "true lets `destroy` take the database without a last snapshot, and buckets with what is in them."
  type        = bool
  default     = false
}
