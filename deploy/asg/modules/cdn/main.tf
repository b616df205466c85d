# One distribution under the site's own name: photos and static files from their
# buckets, pages and the API from the balancer.

locals {
  # AWS's own policies, by their ids, which are the same in every account.
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_viewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3"

  # What pages may be asked for. Everything else behind a ? is not even sent to
  # the site, so that no answer can depend on what its key in the cache does not
  # hold. A test compares this with what the pages read.
  page_queries = ["after", "max_id", "min_id", "q", "reply", "return", "show"]

  # Of the cookies only the session's is part of the key. Others are sent along:
  # an answer that depends on one is private.
  session_cookie = "__Host-tintype_session"

  # These are never cached here, and get everything that was asked.
  dynamic_paths = ["/api/*", "/oauth/*", "/media/*", "/live", "/oembed", "/admin/*"]

  reading = ["GET", "HEAD"]
  asking  = ["GET", "HEAD", "OPTIONS"]
  writing = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]

  keys = { for pem in var.signing_public_keys : substr(sha256(trimspace(pem)), 0, 12) => trimspace(pem) }
}

resource "aws_cloudfront_origin_access_control" "s3" {
  name                              = "${var.name}-s3"
  description                       = "The buckets of ${var.name}"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_public_key" "photos" {
  for_each    = local.keys
  name        = "${var.name}-photos-${each.key}"
  encoded_key = "${each.value}\n"
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudfront_key_group" "photos" {
  count = length(local.keys) > 0 ? 1 : 0
  name  = "${var.name}-photos"
  items = [for key in aws_cloudfront_public_key.photos : key.id]
  lifecycle {
    create_before_destroy = true # CloudFront keeps a group that a distribution trusts
  }
}

resource "aws_cloudfront_cache_policy" "pages" {
  name        = "${var.name}-pages"
  comment     = "As the site's Cache-Control says"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true
    cookies_config {
      cookie_behavior = "whitelist"
      cookies {
        items = [local.session_cookie]
      }
    }
    headers_config {
      header_behavior = "whitelist"
      headers {
        items = ["X-Fragment"]
      }
    }
    query_strings_config {
      query_string_behavior = "whitelist"
      query_strings {
        items = local.page_queries
      }
    }
  }
}

resource "aws_cloudfront_origin_request_policy" "pages" {
  name    = "${var.name}-pages"
  comment = "Everything but unknown query parameters"
  cookies_config {
    cookie_behavior = "all"
  }
  headers_config {
    header_behavior = "allViewer"
  }
  query_strings_config {
    query_string_behavior = "whitelist"
    query_strings {
      items = local.page_queries
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "files" {
  name = "${var.name}-files"
  cors_config {
    access_control_allow_credentials = false
    origin_override                  = true
    access_control_allow_headers {
      items = ["*"]
    }
    access_control_allow_methods {
      items = local.reading
    }
    access_control_allow_origins {
      items = ["*"]
    }
  }
  security_headers_config {
    content_type_options {
      override = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  comment         = var.name
  aliases         = [var.domain]
  price_class     = var.price_class
  web_acl_id      = var.web_acl_arn

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  origin {
    origin_id   = "site"
    domain_name = var.origin_domain
    custom_header {
      name  = var.secret_header
      value = var.origin_secret
    }
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      # An upload waits up to 20 s for its photo; a stream says something every 15 s.
      origin_read_timeout = 60
      # Below the balancer's own 60 s: CloudFront closes first.
      origin_keepalive_timeout = 50
    }
  }

  origin {
    origin_id                = "photos"
    domain_name              = var.media_domain
    origin_access_control_id = aws_cloudfront_origin_access_control.s3.id
  }

  origin {
    origin_id                = "assets"
    domain_name              = var.assets_domain
    origin_access_control_id = aws_cloudfront_origin_access_control.s3.id
  }

  # A script that the bucket does not have (an old page's, say) the site answers
  # with its own.
  origin_group {
    origin_id = "assets-or-site"
    failover_criteria {
      status_codes = [403, 404, 500, 502, 503, 504]
    }
    member {
      origin_id = "assets"
    }
    member {
      origin_id = "site"
    }
  }

  default_cache_behavior {
    target_origin_id         = "site"
    allowed_methods          = local.writing
    cached_methods           = local.reading
    viewer_protocol_policy   = "redirect-to-https"
    cache_policy_id          = aws_cloudfront_cache_policy.pages.id
    origin_request_policy_id = aws_cloudfront_origin_request_policy.pages.id
    compress                 = true
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.dynamic_paths
    content {
      path_pattern             = ordered_cache_behavior.value
      target_origin_id         = "site"
      allowed_methods          = local.writing
      cached_methods           = local.reading
      viewer_protocol_policy   = "redirect-to-https"
      cache_policy_id          = local.caching_disabled
      origin_request_policy_id = local.all_viewer
      compress                 = true
    }
  }

  ordered_cache_behavior {
    path_pattern               = "/static/*"
    target_origin_id           = "assets-or-site"
    allowed_methods            = local.asking
    cached_methods             = local.reading
    viewer_protocol_policy     = "redirect-to-https"
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.files.id
    compress                   = true
  }

  ordered_cache_behavior {
    path_pattern           = "/sorry/*"
    target_origin_id       = "assets"
    allowed_methods        = local.reading
    cached_methods         = local.reading
    viewer_protocol_policy = "redirect-to-https"
    cache_policy_id        = local.caching_optimized
    compress               = true
  }

  # Where visitors may see nothing, photos come from the site, which asks who comes.
  dynamic "ordered_cache_behavior" {
    for_each = var.public_photos ? ["/pub/*"] : []
    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = "photos"
      allowed_methods            = local.asking
      cached_methods             = local.reading
      viewer_protocol_policy     = "redirect-to-https"
      cache_policy_id            = local.caching_optimized
      response_headers_policy_id = aws_cloudfront_response_headers_policy.files.id
    }
  }

  # By addresses that the site has signed, and no others.
  dynamic "ordered_cache_behavior" {
    for_each = length(local.keys) > 0 ? ["/priv/*"] : []
    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = "photos"
      allowed_methods            = local.asking
      cached_methods             = local.reading
      viewer_protocol_policy     = "redirect-to-https"
      cache_policy_id            = local.caching_optimized
      response_headers_policy_id = aws_cloudfront_response_headers_policy.files.id
      trusted_key_groups         = [aws_cloudfront_key_group.photos[0].id]
    }
  }

  # The site or its balancer cannot be reached. The site's own 503 (a busy
  # moment, a database that is being moved) says more than we could.
  dynamic "custom_error_response" {
    for_each = [502, 504]
    content {
      error_code            = custom_error_response.value
      response_code         = 503
      response_page_path    = "/sorry/index.html"
      error_caching_min_ttl = 5
    }
  }

  # On the way down to rung 3 it goes last, once the site's name leads elsewhere.
  lifecycle {
    create_before_destroy = true
  }
}
