package config

import (
	"errors"
	"net/url"
)

// parseCache reads CACHE_URL.
func parseCache(c *Config, v value) error {
	if v.text == "memory:" {
		c.CacheShown = v.text
		return nil
	}
	u, err := url.Parse(v.text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" {
		return errors.New("it is neither memory: nor the URL of a Redis, such as redis://localhost:6379/0") // the text may hold a password
	}
	c.CacheURL = v.secret()
	c.CacheShown = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	return nil
}
