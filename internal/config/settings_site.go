package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tintype/internal/community"
	"tintype/internal/lang"
)

// editable ends the help of what can be edited while the site runs.
const editable = " What is set here cannot be changed at /admin/site and by `tintype site set`; what is not, can."

// siteSettings are who the site is for and where.
var siteSettings = []setting{
	{
		name: "TLS_DOMAINS", group: "Site", def: "",
		help:  "Host names, separated by commas, for which this process gets certificates by ACME and speaks HTTPS itself, so that one instance needs no other server. To use it is to accept the certificate authority's terms. Leave it empty behind a proxy or balancer.",
		parse: parseTLSDomains,
		checks: []check{{with: []string{"BASE_URL"}, wrong: func(c *Config) error {
			if c.TLS() {
				switch {
				case !c.Secure():
					return fmt.Errorf("TLS_DOMAINS contradicts BASE_URL=%s: with TLS, the address begins with https", c.Origin())
				case !slices.Contains(c.TLSDomains, c.BaseURL.Hostname()):
					return fmt.Errorf("TLS_DOMAINS=%s does not name %s, the host of BASE_URL: add it", strings.Join(c.TLSDomains, ","), c.BaseURL.Hostname())
				}
			}
			return nil
		}}},
	},
	{
		name: "PORT", group: "Site", def: "8080; 443 with TLS_DOMAINS",
		defFrom: func(c *Config) string {
			if c.TLS() {
				return "443"
			}
			return "8080"
		},
		help:  "The port to listen on. Where systemd hands over open sockets, it has chosen the port.",
		parse: intInto(func(c *Config) *int { return &c.Port }, 1, 65535),
	},
	{
		name: "HTTP_PORT", group: "Site", def: "80",
		help:  "With TLS_DOMAINS, the port for plain HTTP, which leads readers to https and answers the certificate authority.",
		parse: intInto(func(c *Config) *int { return &c.HTTPPort }, 1, 65535),
		checks: []check{{with: []string{"PORT", "TLS_DOMAINS"}, wrong: func(c *Config) error {
			if c.TLS() && c.Port == c.HTTPPort {
				return fmt.Errorf("HTTP_PORT=%d is PORT, too: HTTP and HTTPS need a port each", c.HTTPPort)
			}
			return nil
		}}},
	},
	{
		name: "BASE_URL", group: "Site", def: "http://localhost:{PORT}",
		help:  "The address readers use, scheme and host; with TLS_DOMAINS, by default https and the first of them. While it is this machine only (localhost), the site listens on loopback only. The port to listen on is PORT all the same.",
		parse: parseBaseURL,
		show:  func(c *Config) string { return c.Origin() },
	},
	{
		name: "SITE_NAME", group: "Site", def: "Tintype",
		help:  "The name of the site, at most 60 characters." + editable,
		parse: textInto(func(c *Config) *string { return &c.SiteName }, 60),
	},
	{
		name: "SITE_DESCRIPTION", group: "Site", def: "A place for our photographs.",
		help:  "A sentence that tells a visitor whose site this is, at most 500 characters." + editable,
		parse: textInto(func(c *Config) *string { return &c.SiteDescription }, 500),
	},
	{
		name: "SITE_LANGUAGE", group: "Site", def: lang.English,
		help:  "The language of the pages for visitors, and for members who have chosen none: `" + strings.Join(lang.Codes(), "`, `") + "`. A visitor's browser is not asked, since a CDN keeps one page for all of them." + editable,
		parse: oneOf(func(c *Config) *string { return &c.SiteLanguage }, lang.Codes()...),
	},
	{
		name: "CONTACT", group: "Site", def: "",
		help:  "How to reach the people who run the site: an e-mail address or a web address. Shown to everybody who may see the site." + editable,
		parse: parseContact,
	},
	{
		name: "VISITORS", group: "Site", def: "read",
		help:  "What people without an account may do: `read`, or `none`. With `none` the site is members-only: no page, feed, count, API answer or photo without an account." + editable,
		parse: oneOf(func(c *Config) *community.Visitors { return &c.Visitors }, "read", "none"),
		checks: []check{{with: []string{"REGISTRATION", "BASE_URL"}, wrong: func(c *Config) error {
			if c.Visitors.MembersOnly() && c.Registration == community.RegistrationOpen && !c.Loopback() {
				return errors.New("VISITORS=none contradicts REGISTRATION=open: a members-only site that anybody may join hides nothing; set REGISTRATION=invitation or approval")
			}
			return nil
		}}},
	},
	{
		name: "REQUIRE_TWO_FACTORS", group: "Site", def: "none",
		help:  "Who needs a second factor to log in: `none`, or those of a role and above it: `owner`, `admin`, `moderator`, `member` (everybody). Whoever lacks one may do nothing but set one up, by pages and by the API." + editable,
		parse: oneOf(func(c *Config) *string { return &c.TwoFactors }, community.TwoFactorRoles...),
	},
	{
		name: "REGISTRATION", group: "Site", def: "open where BASE_URL is this machine and visitors may read, else invitation",
		defFrom: func(c *Config) string {
			if c.BaseURL != nil && c.Loopback() && !c.Visitors.MembersOnly() {
				return string(community.RegistrationOpen)
			}
			return string(community.RegistrationInvitation)
		},
		help:  "Who may sign up: `open` (anybody), `approval` (anybody may ask, and somebody who runs the site decides), `invitation` (who has one) or `closed` (nobody but whom `tintype account create` gives a link)." + editable,
		parse: oneOf(func(c *Config) *community.Registration { return &c.Registration }, community.Registrations...),
	},
	{
		name: "READ_ONLY", group: "Site", def: "false",
		help:  "`true`: everything may be looked at and nothing changes, while the database is being moved, say. Writes and log-ins get 503, who is logged in stays so, and this process does no jobs and no migrations.",
		parse: boolInto(func(c *Config) *bool { return &c.ReadOnly }),
		checks: []check{{with: []string{"ROLES"}, wrong: func(c *Config) error {
			if c.ReadOnly && !c.Web {
				return errors.New("READ_ONLY contradicts ROLES=worker: a worker that may write nothing has no work; stop it, or set ROLES=web")
			}
			return nil
		}},
			{with: []string{"MIGRATE"}, wrong: func(c *Config) error {
				if c.ReadOnly && c.migrateSet && c.Migrate == "auto" {
					return errors.New("READ_ONLY contradicts MIGRATE=auto: a migration writes; leave MIGRATE out, or set wait or off")
				}
				return nil
			}}},
	},
}
