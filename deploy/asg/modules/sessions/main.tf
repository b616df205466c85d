# The table of sessions, as `tintype setup dynamodb` would make it.

resource "aws_dynamodb_table" "this" {
  name                        = "${var.name}-sessions"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "account_id"
  range_key                   = "session_hash"
  deletion_protection_enabled = !var.destroyable

  attribute {
    name = "account_id"
    type = "S"
  }

  attribute {
    name = "session_hash"
    type = "S"
  }

  ttl {
    attribute_name = "expires_s"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}
