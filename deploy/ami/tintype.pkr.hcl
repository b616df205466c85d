# The image of every instance of a group, for staging and production alike: it
# holds the program and no settings. deploy/asg/release.sh image builds it.
#
#   packer init deploy/ami
#   packer build -var region=eu-central-1 -var version=1.4.0 -var bundle=dist deploy/ami

packer {
  required_version = ">= 1.11.0"
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2.1"
    }
  }
}

variable "region" {
  type        = string
  description = "Where the image is built and kept."
}

variable "version" {
  type        = string
  description = "The release, for the image's name and tags."
}

variable "bundle" {
  type        = string
  description = "The folder with tintype-arm64 and tintype-amd64 (only the ones being built are needed), provision.sh, single/ and files/, as release.sh build makes it."
}

variable "subnet_id" {
  type        = string
  description = "A subnet with a way to the internet, empty for the default network's."
  default     = ""
}

locals {
  stamp = formatdate("YYYYMMDDhhmmss", timestamp())
  tags = {
    Name      = "tintype ${var.version}"
    Version   = var.version
    ManagedBy = "tintype deploy/ami"
  }
}

source "amazon-ebs" "base" {
  region        = var.region
  subnet_id     = var.subnet_id
  ssh_username  = "ec2-user"
  ebs_optimized = true
  encrypt_boot  = true
  # Amazon Linux 2023 takes tokens only, and so do the images made of it; the
  # group's launch template says it again, and release.sh a third time.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  # For the build alone; its public half is removed at the end.
  temporary_key_pair_type                   = "ed25519"
  temporary_security_group_source_public_ip = true
  associate_public_ip_address               = true
  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = 4
    delete_on_termination = true
  }
  run_tags      = local.tags
  tags          = local.tags
  snapshot_tags = local.tags
}

build {
  source "amazon-ebs.base" {
    name          = "arm64"
    instance_type = "t4g.small"
    ami_name      = "tintype-${var.version}-arm64-${local.stamp}"
    source_ami_filter {
      owners      = ["amazon"]
      most_recent = true
      filters = {
        name                = "al2023-ami-minimal-2023.*-arm64"
        virtualization-type = "hvm"
        root-device-type    = "ebs"
      }
    }
  }

  source "amazon-ebs.base" {
    name          = "amd64"
    instance_type = "t3.small"
    ami_name      = "tintype-${var.version}-amd64-${local.stamp}"
    source_ami_filter {
      owners      = ["amazon"]
      most_recent = true
      filters = {
        name                = "al2023-ami-minimal-2023.*-x86_64"
        virtualization-type = "hvm"
        root-device-type    = "ebs"
      }
    }
  }

  provisioner "shell" {
    inline = ["mkdir -p /tmp/tintype"]
  }

  provisioner "file" {
    sources     = ["${var.bundle}/provision.sh", "${var.bundle}/single", "${var.bundle}/files"]
    destination = "/tmp/tintype/"
  }

  provisioner "file" {
    source      = "${var.bundle}/tintype-${source.name}"
    destination = "/tmp/tintype/tintype"
  }

  provisioner "shell" {
    # Packer's own key goes with this, so it is the last that is done here.
    inline = [
      "sudo dnf -q -y upgrade --releasever=latest",
      "chmod +x /tmp/tintype/tintype",
      "sudo bash /tmp/tintype/provision.sh --binary /tmp/tintype/tintype --image /tmp/tintype/files",
      "sudo rm -rf /tmp/tintype",
    ]
  }

  post-processor "manifest" {
    output     = "${var.bundle}/manifest.json"
    strip_path = true
  }
}
