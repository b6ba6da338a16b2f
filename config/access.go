package config

import (
	"bytes"
	"os"
	"regexp"
	"strings"

	"scimbridge/bridge/access"
)

// Access reads who may call, and nothing else: a token that is taken out is nobody's, whatever is wrong with the rest of the file. What
// the section says is not checked (access.NewSound). readable is false where it cannot be told what it says: the file is not there, is
// empty or seems to be but the beginning of one, a key of the section is none or stands twice, the section stands within another, or the
// YAML is broken and the section does not stand by itself. before is what holds. stored: there is a store, without which the section
// cannot be left out.
func Access(file string, environ []string, before *Config, stored bool) (o access.Options, readable bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return o, false
	}
	c, _, err := read(file, content, environ, []string{"access"})
	if err != nil {
		return o, false
	}
	keys := c.origins.topKeys()
	if c.origins.unreadable {
		var alone []byte
		alone, keys = section(content, "access")
		if c, _, err = read(file, alone, environ, []string{"access"}); err != nil {
			return o, false
		}
	}
	r := c.origins
	if r.doubts = nil; r.unreadable || len(r.inOrder([]string{"access"})) > 0 || isCut(keys, before.origins.topKeys()) {
		return o, false
	}
	written, said := false, false // anything, and anything of the section
	for key, set := range r.origins {
		written = written || set.variable == ""
		said = said || within(key, "access")
	}
	for _, f := range r.faults {
		if strings.HasSuffix(f.path, ".access") { // which belongs farther to the left
			return o, false
		}
	}
	if !written || !said && !stored {
		return o, false
	}
	return c.Access, true
}

// topKeys are the lines in which the sections of the file begin.
func (r *reader) topKeys() map[string]int {
	lines := map[string]int{}
	for key, set := range r.origins {
		if set.variable == "" && parent(key) == "" {
			lines[key] = set.line
		}
	}
	return lines
}

// isCut says that a file with these sections may be but the beginning of one, as where the disk is full: it lacks some that there were, and
// who may call would stand last, or is lacking too. Half of that section may let in more than the whole: a role or the addresses are left
// out.
func isCut(keys, before map[string]int) bool {
	at, there := keys["access"]
	lacks := false
	for key := range before {
		_, has := keys[key]
		lacks = lacks || !has && key != "access"
	}
	for _, line := range keys {
		if there && line > at {
			return false
		}
	}
	return lacks
}

var (
	// topLine is a line that ends a section of a file in block style.
	topLine = regexp.MustCompile(`^[^\s#]`)
	// topKey is one that begins another. What is neither is no YAML, as what a merge leaves behind that found a conflict: then it cannot be
	// told what belongs to the section.
	topKey = regexp.MustCompile(`^["']?(\w+)["']?\s*:(\s|$)`)
)

// section is the content with a section alone, its lines where they were, and the lines in which all begin; what is in doubt makes no YAML.
func section(content []byte, name string) (alone []byte, keys map[string]int) {
	keys = map[string]int{}
	lines := bytes.Split(bytes.TrimPrefix(content, []byte("\ufeff")), []byte("\n"))
	in, found := false, 0
	for i, line := range lines {
		if topLine.Match(line) {
			key := topKey.FindSubmatch(line)
			if key == nil && in {
				return []byte("]"), nil
			}
			if in = key != nil && string(key[1]) == name; in {
				found++
			}
			if key != nil {
				keys[string(key[1])] = i + 1
			}
		}
		if !in {
			lines[i] = nil
		}
	}
	if found != 1 {
		return []byte("]"), nil
	}
	return bytes.Join(lines, []byte("\n")), keys
}
