variable "name" {
  description = "The site's short name."
  type        = string
}

variable "domain" {
  description = "The site's host name."
  type        = string
}

variable "origin_domain" {
  description = "The balancer's host name, which its certificate covers."
  type        = string
}

variable "certificate_arn" {
  description = "The site's certificate, in us-east-1."
  type        = string
}

variable "secret_header" {
  description = "The header by which the balancer knows this distribution."
  type        = string
}

variable "origin_secret" {
  description = "Its value."
  type        = string
  sensitive   = true
}

variable "media_domain" {
  description = "The bucket of photos."
  type        = string
}

variable "assets_domain" {
  description = "The bucket of static files."
  type        = string
}

variable "public_photos" {
  description = "Whether photos of public posts may be read by anybody who has their address."
  type        = bool
}

variable "signing_public_keys" {
  description = "Public keys, as PEM, whose private ones sign addresses of private photos."
  type        = list(string)
}

variable "price_class" {
  description = "Which of CloudFront's edges are used."
  type        = string
}

variable "web_acl_arn" {
  description = "The firewall, null for none."
  type        = string
}
