package config

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// absent says of a key at fault whether it stands for a secret, or a file, that is not here: where the bridge runs it may be. A file is
// read beside those of its section: a certificate with its key.
func (c *Config) absent(path string) bool {
	bind, caller := c.Directory.Bind, c.Access
	switch path {
	case "directory.bind.password":
		return bind.Password == "" && bind.PasswordFile == ""
	case "access":
		return caller.Token == "" && caller.TokenFile == "" && caller.TokensFile == "" && len(caller.Entra)+len(caller.OAuth.Clients) == 0
	}
	for other, file := range c.files() {
		with := other == path || isTLS(other) && (parent(other) == path || parent(other) == parent(path))
		if _, err := os.Stat(*file); with && *file != "" && errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// isTLS says that the key is one of a certificate's files.
func isTLS(key string) bool { return strings.HasSuffix(parent(key), ".tls") }
