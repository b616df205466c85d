// Package tools pins programs that tests start, in a module of its own: what they need is no part of Tintype.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
