// Package tools pins programs that tests of deploy/ start, in a module of its own: what they need is no part of Tintype.
package tools

import (
	_ "github.com/terraform-linters/tflint"
	_ "github.com/terraform-linters/tflint-ruleset-aws"
)
