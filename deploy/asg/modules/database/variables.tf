variable "name" {
  description = "The site's short name."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets without a way out, one per zone."
  type        = list(string)
}

variable "instances_security_group_id" {
  description = "The instances' security group."
  type        = string
}

variable "engine_version" {
  description = "A release of Aurora MySQL 3."
  type        = string
}

variable "database_name" {
  description = "The schema's name."
  type        = string
}

variable "instance_class" {
  description = "The class of primary and readers; db.serverless for Serverless v2."
  type        = string
}

variable "min_acu" {
  description = "Serverless v2: the least capacity."
  type        = number
}

variable "max_acu" {
  description = "Serverless v2: the most capacity."
  type        = number
}

variable "readers" {
  description = "How many readers there always are."
  type        = number
}

variable "max_readers" {
  description = "How many readers there are at most; more than readers lets them come and go by load."
  type        = number
}

variable "max_connections" {
  description = "How many connections each server takes."
  type        = number
}

variable "backup_days" {
  description = "How long backups are kept, and how far back a restore can reach."
  type        = number
}

variable "destroyable" {
  description = "Whether the database may be destroyed, and that without a last snapshot."
  type        = bool
}

variable "moves" {
  description = "Whether tintype move database makes triggers here, which a server with a binary log refuses otherwise."
  type        = bool
  default     = false
}
