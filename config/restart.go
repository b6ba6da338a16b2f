package config

import (
	"reflect"
	"slices"
)

// lasting are the keys that hold for as long as the program runs, with all below them: what connections come in by, and what is one
// whichever configuration holds.
var lasting = []string{
	"listen.address", "listen.tls", "listen.maxHeader", "listen.maxConnections", "listen.readTimeout", "listen.writeTimeout",
	"listen.idleTimeout", "admin", "store", "journal.lease", "log.format",
}

// Restart says which keys next sets otherwise that take a restart, or nil.
func (c *Config) Restart(next *Config) error {
	var found Faults
	differences(reflect.ValueOf(*c), reflect.ValueOf(*next), "", func(path string) {
		if slices.ContainsFunc(lasting, func(key string) bool { return within(path, key) }) {
			found = append(found, Fault{Origin: next.Place(path), Path: path, Problem: "takes a restart"})
		}
	})
	if found == nil {
		return nil
	}
	return found
}

// differences reports the keys whose values differ.
func differences(a, b reflect.Value, path string, report func(path string)) {
	if a.Kind() != reflect.Struct {
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			report(path)
		}
		return
	}
	for i := range a.NumField() {
		if key := a.Type().Field(i).Tag.Get("koanf"); key != "" {
			differences(a.Field(i), b.Field(i), child(path, key), report)
		}
	}
}

// Serves says whether next has the same entries of the same directory served by the same rules: what is known of them holds for it too.
func (c *Config) Serves(next *Config) bool {
	return c.SameDirectory(next) && reflect.DeepEqual(c.Resources, next.Resources) && reflect.DeepEqual(c.References, next.References) &&
		reflect.DeepEqual(c.Guard, next.Guard) && c.Strict == next.Strict
}

// SameDirectory says whether next reaches the same directory in the same way.
func (c *Config) SameDirectory(next *Config) bool {
	return reflect.DeepEqual(c.Directory, next.Directory)
}
