variable "name" {
  description = "The site's short name."
  type        = string
}

variable "destroyable" {
  description = "Whether the table may be destroyed."
  type        = bool
}
