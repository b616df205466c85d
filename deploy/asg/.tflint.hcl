# tflint --init is not needed where the plugin lies in TFLINT_PLUGIN_DIR.
config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "recommended"
}

plugin "aws" {
  enabled = true
}
