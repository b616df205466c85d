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

variable "node_type" {
  description = "The size of each node."
  type        = string
}

variable "nodes" {
  description = "How many nodes there are."
  type        = number
}
