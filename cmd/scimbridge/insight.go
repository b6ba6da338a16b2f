package main

import (
	"crypto/rand"
	"slices"
	"strings"

	"scimbridge/bridge/access"
	"scimbridge/config"
)

// withoutDoor is the configuration for what is asked here and not over the network: that the callers' secrets, and the certificate that
// they are shown, are not here is no fault.
func withoutDoor(file string, environ []string) (*config.Config, error) {
	c, faults, err := config.Read(file, environ)
	if err != nil {
		return nil, err
	}
	if faults = slices.DeleteFunc(faults, isOfDoor); len(faults) > 0 {
		return nil, faults
	}
	return closed(c), nil
}

// isOfDoor says that the fault is of what only clients need, and of what is not here.
func isOfDoor(f config.Fault) bool {
	section, _, _ := strings.Cut(f.Path, ".")
	return f.Absent && (section == "access" || section == "listen")
}

// closed is the configuration of a bridge into which nobody is let.
func closed(c *config.Config) *config.Config {
	of := *c
	of.Access = access.Options{Token: rand.Text()}
	return &of
}
