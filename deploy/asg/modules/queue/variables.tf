variable "name" {
  description = "The site's short name."
  type        = string
}
