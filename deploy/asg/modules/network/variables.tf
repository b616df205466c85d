variable "name" {
  description = "The site's short name, which all names begin with."
  type        = string
}

variable "region" {
  description = "The region of the gateway endpoints' services."
  type        = string
}

variable "cidr" {
  description = "The network's addresses, a /16 to a /20."
  type        = string
}

variable "zones" {
  description = "The availability zones."
  type        = list(string)
}

variable "nat" {
  description = "How instances reach the internet: none (by public addresses of their own), one, or zone (one per zone)."
  type        = string
}
