variable "name" {
  description = "The site's short name."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets, one per zone."
  type        = list(string)
}

variable "instances_security_group_id" {
  description = "The instances' security group."
  type        = string
}

variable "port" {
  description = "The port that instances listen on."
  type        = number
}

variable "certificate_arn" {
  description = "The certificate, in this region."
  type        = string
}

variable "idle_timeout" {
  description = "Seconds until the balancer closes an idle connection; shorter than the site's own."
  type        = number
}

variable "deregistration_delay" {
  description = "Seconds that the balancer waits for requests in flight; longer than the site's own drain."
  type        = number
}

variable "behind_cdn" {
  description = "Whether CloudFront is in front."
  type        = bool
}

variable "open" {
  description = "Whether it takes readers past CloudFront, too."
  type        = bool
}

variable "secret_header" {
  description = "The header by which the balancer knows our distribution."
  type        = string
}

variable "origin_secrets" {
  description = "Its values: one, or two while it rotates."
  type        = list(string)
  sensitive   = true
}

variable "deletion_protection" {
  description = "Whether the balancer refuses to be deleted."
  type        = bool
}
