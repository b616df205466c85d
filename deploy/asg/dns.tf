# Names and certificates. The certificate that the balancer shows covers the
# site's name, too, because CloudFront passes on the Host that readers asked for.

resource "aws_acm_certificate" "site" {
  domain_name               = var.domain
  subject_alternative_names = [local.origin_domain]
  validation_method         = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  certified = toset([var.domain, local.origin_domain])
  # A name's record is the same for all certificates of an account.
  proofs = { for name in local.certified : name => one([
    for option in aws_acm_certificate.site.domain_validation_options : option if option.domain_name == name
  ]) }
}

resource "aws_route53_record" "proof" {
  for_each        = local.certified
  zone_id         = var.zone_id
  name            = local.proofs[each.key].resource_record_name
  type            = local.proofs[each.key].resource_record_type
  records         = [local.proofs[each.key].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "site" {
  certificate_arn         = aws_acm_certificate.site.arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]
}

resource "aws_acm_certificate" "edge" {
  provider          = aws.us_east_1
  count             = local.cdn ? 1 : 0
  domain_name       = var.domain
  validation_method = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate_validation" "edge" {
  provider                = aws.us_east_1
  count                   = local.cdn ? 1 : 0
  certificate_arn         = aws_acm_certificate.edge[0].arn
  validation_record_fqdns = [aws_route53_record.proof[var.domain].fqdn]
}

resource "aws_route53_record" "site" {
  for_each = local.cdn ? toset(["A", "AAAA"]) : toset(["A"])
  zone_id  = var.zone_id
  name     = var.domain
  type     = each.key
  alias {
    name                   = local.cdn ? module.cdn[0].domain_name : module.balancer.dns_name
    zone_id                = local.cdn ? module.cdn[0].zone_id : module.balancer.zone_id
    evaluate_target_health = false
  }
}

# What CloudFront asks.
resource "aws_route53_record" "origin" {
  count   = local.cdn ? 1 : 0
  zone_id = var.zone_id
  name    = local.origin_domain
  type    = "A"
  alias {
    name                   = module.balancer.dns_name
    zone_id                = module.balancer.zone_id
    evaluate_target_health = false
  }
}
