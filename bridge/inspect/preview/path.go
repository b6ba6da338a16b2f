package preview

import (
	"fmt"
	"regexp"
	"strings"
)

// path is a target of Entra's mappings: userName, name.givenName, emails[type eq "work"].value, urn:…:User:department.
type path struct {
	text      string
	extension string // its URN; "": the core
	attribute string
	by, is    string // emails[by eq "is"]; ""
	sub       string
}

var pathForm = regexp.MustCompile(`^(?:(urn:[^\[\]"]+):)?([A-Za-z$][\w$-]*)(?:\[(\w+) eq "?([^"\]]*)"?\])?(?:\.([A-Za-z$][\w$-]*))?$`)

func parsePath(text string) (path, error) {
	found := pathForm.FindStringSubmatch(text)
	if found == nil || (found[3] != "") && found[5] == "" {
		return path{}, fmt.Errorf(`%q is no SCIM path, as title, name.givenName, emails[type eq "work"].value or `+
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", text)
	}
	return path{text, found[1], found[2], found[3], found[4], found[5]}, nil
}

func (p path) String() string { return p.text }

// in is the object that holds the attribute; made says to make one where there is none.
func (p path) in(resource map[string]any, made bool) map[string]any {
	if p.extension == "" {
		return resource
	}
	extension, _ := member(resource, p.extension).(map[string]any)
	if extension == nil && made {
		extension = map[string]any{}
		resource[p.extension] = extension
	}
	return extension
}

// of is the value that a resource shows there; nil: none.
func (p path) of(resource map[string]any) any {
	value := member(p.in(resource, false), p.attribute)
	switch {
	case p.by != "":
		list, _ := value.([]any)
		value = nil
		for _, one := range list {
			object, _ := one.(map[string]any)
			if strings.EqualFold(fmt.Sprint(member(object, p.by)), p.is) {
				value = member(object, p.sub)
				break
			}
		}
	case p.sub != "":
		object, _ := value.(map[string]any)
		value = member(object, p.sub)
	}
	if value == "" {
		return nil
	}
	return value
}

// set puts a value there.
func (p path) set(resource map[string]any, value any) {
	object := p.in(resource, true)
	switch {
	case p.by != "":
		list, _ := object[p.attribute].([]any)
		for _, one := range list {
			if one := one.(map[string]any); one[p.by] == p.is {
				one[p.sub] = value
				return
			}
		}
		object[p.attribute] = append(list, map[string]any{p.by: p.is, p.sub: value})
	case p.sub != "":
		inner, _ := object[p.attribute].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			object[p.attribute] = inner
		}
		inner[p.sub] = value
	default:
		object[p.attribute] = value
	}
}

// member is a member of a JSON object, in whatever case.
func member(object map[string]any, name string) any {
	if value, there := object[name]; there {
		return value
	}
	for key, value := range object {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}
