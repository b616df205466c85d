package community

// setDefaults changes what the site's settings say, as if it had been started with them.
func (c *Community) setDefaults(change func(*Site)) {
	change(&c.SiteDefaults)
	c.site.drop()
}
