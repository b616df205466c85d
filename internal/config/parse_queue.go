package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// parseQueue reads QUEUE_URL.
func parseQueue(c *Config, v value) error {
	if v.text == "sql:" {
		c.QueueURL = ""
		return nil
	}
	u, err := url.Parse(v.text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return fmt.Errorf("%q is neither sql: nor the URL of an SQS queue, such as https://sqs.eu-central-1.amazonaws.com/123456789012/tintype", v.text)
	}
	c.QueueURL = v.text
	return nil
}

// parseRoles reads ROLES.
func parseRoles(c *Config, v value) error {
	c.Web, c.Worker = false, false
	for role := range strings.SplitSeq(v.text, ",") {
		switch strings.TrimSpace(role) {
		case "web":
			c.Web = true
		case "worker":
			c.Worker = true
		case "":
		default:
			return fmt.Errorf("%q is not a role: there are web and worker", strings.TrimSpace(role))
		}
	}
	if !c.Web && !c.Worker {
		return errors.New("name at least one role: web, worker or both")
	}
	return nil
}
