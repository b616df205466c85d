package command

import (
	"errors"
	"time"

	"tintype/internal/doctor"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"As JSON: an object with checks."`
}

// Help is shown by --help.
func (doctorCommand) Help() string {
	return `Everything that was tried is undone, but for one thing: where SMTP_URL is set, each run sends one mail, as "tintype mail test" does, to the address of MAIL_FROM, or to the contact where MAIL_FROM is not set. Alarms ask /deepz instead, which makes the same checks and sends none.`
}

// errUnwell is the exit status of a doctor who found a failure.
var errUnwell = errors.New("something does not work; see above")

func (d doctorCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		if d.JSON { // who reads it by a program gets the object in any case
			err = errors.Join(err, doctor.WriteJSON(c.env.Stdout, []doctor.Check{{Name: "settings", Status: doctor.Failure, Text: err.Error(), Advice: "`tintype --help` lists the settings"}}))
		}
		return err
	}
	patient, closeAll := c.program.Examine(c, cfg)
	defer closeAll()
	patient.RetryAfter = time.Second
	checks := patient.Run(c)
	if d.JSON {
		err = doctor.WriteJSON(c.env.Stdout, checks)
	} else {
		err = doctor.WriteText(c.env.Stdout, checks)
	}
	if err == nil && doctor.Worst(checks) == doctor.Failure {
		err = errUnwell
	}
	return err
}
