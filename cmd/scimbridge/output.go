package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// output is a file that is to be written.
type output struct{ name, text string }

// writeAll writes files, each whole or not at all, and the first one last: where it is there the others are. None is written over, unless
// that is wanted.
func writeAll(files []output, over bool) (err error) {
	made := make([]string, len(files))
	defer func() {
		for _, name := range made {
			if name != "" {
				_ = os.Remove(name) // it may have its name by now
			}
		}
	}()
	for i, f := range files {
		if _, err := os.Lstat(f.name); err == nil && !over {
			return fmt.Errorf("%s is there already: name others by --output, or have them written over by --force", f.name)
		}
		if made[i], err = writeAside(f); err != nil {
			return err
		}
	}
	var named []string
	for i := len(files) - 1; i >= 0; i-- {
		name := files[i].name
		if over {
			err = os.Rename(made[i], name)
		} else {
			err = takeName(made[i], name)
		}
		if err != nil {
			if !over {
				for _, other := range named {
					_ = os.Remove(other)
				}
			}
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: name others by --output, or have them written over by --force", name)
			}
			return err
		}
		named = append(named, name)
	}
	return nil
}

// takeName gives a file a name that nobody has, nor took meanwhile. Where the file system knows no second names, that is only looked at.
func takeName(from, name string) error {
	err := os.Link(from, name)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, there := os.Lstat(name); there == nil {
		return fs.ErrExist
	}
	return os.Rename(from, name)
}

// writeAside writes a file under another name in its folder.
func writeAside(f output) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(f.name), ".scimbridge-*")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(f.text)
	// It holds no secret: whoever the bridge runs as reads it.
	return file.Name(), errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
}
