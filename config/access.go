package config

import (
	"bytes"
	"os"
	"regexp"

	"scimbridge/bridge/access"
)

// Access reads who may call, and nothing else: a token that is taken out is nobody's, whatever is wrong with the rest of the file. What
// the section says is not checked (access.NewSound). readable is false where it cannot be told what it says: the file is not there or is
// empty, a key of the section is none or stands twice, or the YAML is broken and the section does not stand by itself. stored: there is
// a store, without which the section cannot be left out.
func Access(file string, environ []string, stored bool) (o access.Options, readable bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return o, false
	}
	c, _, err := read(file, content, environ, []string{"access"})
	if err == nil && c.origins.unreadable {
		c, _, err = read(file, section(content, "access"), environ, []string{"access"})
	}
	if err != nil {
		return o, false
	}
	r := c.origins
	if r.doubts = nil; r.unreadable || len(r.inOrder([]string{"access"})) > 0 {
		return o, false
	}
	written, said := false, false // anything, and anything of the section
	for key, set := range r.origins {
		written = written || set.variable == ""
		said = said || within(key, "access")
	}
	if !written || !said && !stored {
		return o, false
	}
	return c.Access, true
}

// topKey is a line that begins a section of a file in block style.
var topKey = regexp.MustCompile(`^[^\s#]`)

// section is the content with a section alone, its lines where they were; what is in doubt makes no YAML.
func section(content []byte, name string) []byte {
	lines := bytes.Split(content, []byte("\n"))
	in, found := false, 0
	for i, line := range lines {
		if topKey.Match(line) {
			if in = bytes.HasPrefix(line, []byte(name+":")); in {
				found++
			}
		}
		if !in {
			lines[i] = nil
		}
	}
	if found != 1 {
		return []byte("]")
	}
	return bytes.Join(lines, []byte("\n"))
}
