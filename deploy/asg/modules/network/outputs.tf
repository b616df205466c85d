output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "For the balancer."
  value       = aws_subnet.public[*].id
}

output "app_subnet_ids" {
  description = "For instances."
  value       = aws_subnet.app[*].id
}

output "data_subnet_ids" {
  description = "For the database and the cache."
  value       = aws_subnet.data[*].id
}

output "shape" {
  description = "What was built, for tests: zones, NATs, endpoints, and whether data could leave."
  value = {
    zones            = aws_subnet.app[*].availability_zone
    nats             = length(aws_nat_gateway.this)
    endpoints        = keys(aws_vpc_endpoint.gateway)
    data_has_way_out = length(aws_route_table.data.route) > 0
  }
}
