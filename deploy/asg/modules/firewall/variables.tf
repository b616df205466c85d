variable "name" {
  description = "The site's short name."
  type        = string
}

variable "scope" {
  description = "CLOUDFRONT (in us-east-1) or REGIONAL."
  type        = string
}

variable "limit" {
  description = "Requests by one address in five minutes."
  type        = number
}

variable "login_limit" {
  description = "Attempts to log in or sign up, and what else strangers send that costs much, by one address in five minutes."
  type        = number
}
