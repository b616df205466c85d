variable "name" {
  description = "The site's short name."
  type        = string
}

variable "role" {
  description = "What these instances are: web, worker or ops."
  type        = string
}

variable "tags" {
  description = "Tags of the instances and their disks."
  type        = map(string)
}

variable "ami_id" {
  description = "The image."
  type        = string
}

variable "instance_type" {
  description = "The size."
  type        = string
}

variable "disk_gb" {
  description = "The disk. Nothing that has to last is on it; an upload passes through."
  type        = number
}

variable "subnet_ids" {
  description = "Subnets, one per zone."
  type        = list(string)
}

variable "security_group_ids" {
  description = "The instances' security groups."
  type        = list(string)
}

variable "target_group_arns" {
  description = "Where the balancer finds the instances."
  type        = list(string)
}

variable "settings_path" {
  description = "Where in Parameter Store their settings are."
  type        = string
}

variable "settings_version" {
  description = "A fingerprint of the settings: where it changes, instances are replaced."
  type        = string
}

variable "statements" {
  description = "What they may do: the statements of an IAM policy."
  type        = any
}

variable "min_size" {
  description = "The fewest instances."
  type        = number
}

variable "max_size" {
  description = "The most instances; 0 makes the template alone, from which single ones are started."
  type        = number
}

variable "drain_seconds" {
  description = "How long an instance takes to stop, at most."
  type        = number
}

variable "warmup_seconds" {
  description = "How long until a new instance counts."
  type        = number
}

variable "rollback_alarms" {
  description = "Alarms that end a refresh and take it back."
  type        = list(string)
}

variable "scaling" {
  description = "none, target, steps or queue."
  type        = string
}

variable "resource_label" {
  description = "target: balancer and target group, as ALBRequestCountPerTarget wants them."
  type        = string
  default     = ""
}

variable "requests_per_minute" {
  description = "target: requests a minute per instance."
  type        = number
  default     = 0
}

variable "cpu_percent" {
  description = "target: CPU per instance."
  type        = number
  default     = 0
}

variable "queue_age_seconds" {
  description = "queue: the wait of the oldest job above which there is one more."
  type        = number
  default     = 0
}
