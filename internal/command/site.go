package command

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"tintype/internal/community"
)

type siteGroup struct {
	Get     siteGet     `cmd:"" help:"Show what the site says of itself, whom it lets in and what it grants, and what decides each."`
	Set     siteSet     `cmd:"" help:"Change it. What a variable of the environment decides cannot be changed here."`
	Reset   siteReset   `cmd:"" help:"Take back to the default what was changed."`
	Picture sitePicture `cmd:"" help:"Choose the site's picture, or remove it."`

	FirstSteps siteFirstSteps `cmd:"" help:"Whether the administration still points at the page of first steps, and the command for each."`
}

type siteGet struct {
	Name string `arg:"" optional:"" help:"One of them; its value alone is shown."`
	JSON bool   `name:"json" help:"As JSON: a list of objects with name, value, source and variable."`
}

func (s siteGet) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		list := site.SiteSettings(c)
		if s.Name != "" {
			i := slices.IndexFunc(list, func(one community.SiteSetting) bool { return one.Name == s.Name })
			if i < 0 {
				return fmt.Errorf("the site has no %q; it has: %s", s.Name, siteNames(list))
			}
			if list = list[i : i+1]; !s.JSON {
				_, err := fmt.Fprintln(c.env.Stdout, list[0].Value)
				return err
			}
		}
		if s.JSON {
			return writeJSON(c.env.Stdout, list)
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tFROM\tVALUE")
		for _, one := range list {
			from := one.Source
			if from == "environment" {
				from = one.Variable
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", one.Name, from, strings.Join(strings.Fields(one.Value), " "))
		}
		return w.Flush()
	})
}

func siteNames(list []community.SiteSetting) string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = one.Name
	}
	return strings.Join(names, ", ")
}

type siteSet struct {
	Changes []string `arg:"" name:"name=value" help:"Such as name='Our club'. NAME=@FILE takes the value from a file, for rules one on each line."`
	Reason  string   `help:"Why, for the log."`
}

func (s siteSet) Run(c *call) error {
	changes := map[string]*string{}
	for _, change := range s.Changes {
		name, value, ok := strings.Cut(change, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=VALUE", change)
		}
		if file, ok := strings.CutPrefix(value, "@"); ok {
			b, err := readUpTo(file, 1<<20)
			if err != nil {
				return err
			}
			value = string(b)
		}
		changes[name] = &value
	}
	return c.with(func(site *community.Community) error {
		return site.SetSite(c, community.ByCommand(s.Reason), changes)
	})
}

type siteReset struct {
	Names  []string `arg:"" help:"What to take back."`
	Reason string   `help:"Why, for the log."`
}

func (s siteReset) Run(c *call) error {
	changes := map[string]*string{}
	for _, name := range s.Names {
		changes[name] = nil
	}
	return c.with(func(site *community.Community) error {
		return site.SetSite(c, community.ByCommand(s.Reason), changes)
	})
}

type sitePicture struct {
	File   string `arg:"" optional:"" help:"A JPEG, PNG, WebP or GIF of at most 10 MB."`
	Remove bool   `help:"Remove the picture."`
	Reason string `help:"Why, for the log."`
}

func (s sitePicture) Run(c *call) error {
	if s.Remove == (s.File != "") {
		return fmt.Errorf("name a file, or say --remove")
	}
	return c.with(func(site *community.Community) error {
		if s.Remove {
			return site.RemoveSitePicture(c, community.ByCommand(s.Reason))
		}
		file, err := readUpTo(s.File, community.MaxSitePicture)
		if err != nil {
			return err
		}
		return site.SetSitePicture(c, community.ByCommand(s.Reason), file)
	})
}

type siteFirstSteps struct {
	Close  bool   `help:"Point at the page no longer. It can be opened all the same."`
	Reason string `help:"Why, for the log."`
}

func (s siteFirstSteps) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if s.Close {
			if err := site.CloseFirstSteps(c, community.ByCommand(s.Reason)); err != nil {
				return err
			}
		}
		if site.FirstStepsClosed(c) {
			_, err := fmt.Fprintln(c.env.Stdout, "The first steps are closed. The page is /admin/first-steps all the same.")
			return err
		}
		_, err := fmt.Fprint(c.env.Stdout, `The first steps are open, at /admin/first-steps. By command they are:
  tintype site set name='Our club'
  tintype site picture FILE
  tintype site set registration=invitation
  tintype invitation create
  tintype site first-steps --close
`)
		return err
	})
}

// readUpTo reads a file that has at most so many bytes.
func readUpTo(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return b, err
}
