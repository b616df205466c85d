variable "name" {
  description = "The site's short name."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "account_id" {
  description = "The account."
  type        = string
}

variable "domain" {
  description = "The site's host name."
  type        = string
}

variable "health_path" {
  description = "A real page, which is asked for from outside."
  type        = string
}

variable "emails" {
  description = "Who hears of alarms."
  type        = list(string)
}

variable "roles" {
  description = "The roles of instances; each has a group of logs."
  type        = list(string)
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}

variable "balancer" {
  description = "The balancer as metrics name it."
  type        = string
}

variable "target_group" {
  description = "The web instances as metrics name them."
  type        = string
}

variable "database" {
  description = "The database cluster as metrics name it."
  type        = string
}

variable "replicas" {
  description = "Whether there are replicas."
  type        = bool
}

variable "max_connections" {
  description = "How many connections the primary takes."
  type        = number
}

variable "dead_letter_queue" {
  description = "The dead-letter queue; empty where there is none."
  type        = string
}

variable "p99_ms" {
  description = "How long the slowest hundredth of answers may take."
  type        = number
}

variable "least_posts_per_hour" {
  description = "The fewest posts in an hour; 0 for no alarm."
  type        = number
}

variable "least_uploads_per_hour" {
  description = "The fewest uploads in an hour; 0 for no alarm."
  type        = number
}

variable "queue_age_alarm_seconds" {
  description = "How long the oldest job may wait before it is an alarm."
  type        = number
}

variable "budget_usd" {
  description = "Dollars a month; 0 for no alarm."
  type        = number
}
