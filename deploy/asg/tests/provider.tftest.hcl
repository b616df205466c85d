# The provider's own plan, without credentials and without a network: what it
# would refuse before it asks AWS.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}
provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}
override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}
override_data {
  target = data.aws_availability_zones.this
  values = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
}
override_data {
  target = module.balancer.data.aws_ec2_managed_prefix_list.cloudfront
  values = { id = "pl-0123456789abcdef0" }
}
variables {
  name           = "photos"
  region         = "eu-central-1"
  domain         = "photos.example.org"
  zone_id        = "Z0123456789ABCDEFGHIJ"
  ami_id         = "ami-0123456789abcdef0"
  origin_secrets = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
}
run "rung_8" {
  command = plan
  variables {
    rung                      = 8
    nat                       = "zone"
    firewall                  = true
    budget_usd                = 300
    alarm_emails              = ["ops@example.org"]
    alarm_least_per_hour      = { posts = 1, uploads = 1 }
    media_signing_public_keys = ["-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"]
    cache_nodes               = 2
  }
}
run "rung_2" {
  command = plan
  variables {
    rung     = 2
    firewall = true
  }
}
