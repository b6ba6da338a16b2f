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
	files := c.files()
	if files[path] == nil {
		return false
	}
	for other, file := range files {
		if other != path && (parent(other) != parent(path) || !strings.HasSuffix(parent(path), ".tls")) {
			continue
		}
		if _, err := os.Stat(*file); *file != "" && errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}
