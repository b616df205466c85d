# Rate rules, by address: over all, and on what strangers send that costs a password's hash, a mail or a row.

resource "aws_wafv2_web_acl" "this" {
  name        = var.name
  description = "Rate rules of ${var.name}"
  scope       = var.scope

  default_action {
    allow {}
  }

  rule {
    name     = "log-in"
    priority = 1
    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }
    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.login_limit
        scope_down_statement {
          and_statement {
            statement {
              byte_match_statement {
                search_string         = "POST"
                positional_constraint = "EXACTLY"
                field_to_match {
                  method {}
                }
                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
            statement {
              regex_match_statement {
                # The site reads a path without its escapes: /log%69n is /login.
                regex_string = "^/((login|signup|claim|links|mail|oauth)(/.*)?|(forgot-password|api/v1/(accounts|apps))/*)$"
                field_to_match {
                  uri_path {}
                }
                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
                text_transformation {
                  priority = 1
                  type     = "NORMALIZE_PATH"
                }
                text_transformation {
                  priority = 2
                  type     = "LOWERCASE"
                }
              }
            }
          }
        }
      }
    }
    visibility_config {
      metric_name                = "${var.name}-log-in"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "all"
    priority = 2
    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }
    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.limit
      }
    }
    visibility_config {
      metric_name                = "${var.name}-all"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    metric_name                = var.name
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
  }

  # It goes once CloudFront has let go of it: AWS keeps one that is in use.
  lifecycle {
    create_before_destroy = true
  }
}
