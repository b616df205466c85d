package command

import (
	"errors"
	"time"

	"tintype/internal/doctor"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"As JSON: an object with checks."`
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
