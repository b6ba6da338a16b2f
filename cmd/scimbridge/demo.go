package main

import "errors"

type demoCommand struct {
	Once bool `help:"Exit after the replay: 0 if every answer was as expected."`
}

func (demoCommand) Run(*world) error { return errors.New("not yet") }
