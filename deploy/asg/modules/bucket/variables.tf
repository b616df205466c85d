variable "bucket" {
  description = "The bucket's name, which no other bucket in the world has."
  type        = string
}

variable "version_days" {
  description = "How long what was deleted or overwritten can be brought back."
  type        = number
}

variable "reader_distribution_arns" {
  description = "The CloudFront distribution that may read, if there is one."
  type        = list(string)
}

variable "reader_prefixes" {
  description = "Under which keys it may read."
  type        = list(string)
}

variable "destroyable" {
  description = "Whether the bucket may be destroyed with what is in it."
  type        = bool
}
