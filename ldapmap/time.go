package ldapmap

import (
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// timeAttributes are the sources of meta.created and meta.lastModified.
func (t *Type) timeAttributes() []string {
	if t.isDirectory(ldif.ActiveDirectory) {
		return []string{"whenCreated", "whenChanged"}
	}
	return []string{"createTimestamp", "modifyTimestamp"}
}

// timeFilter bounds the entry's times for a comparison of meta.created or meta.lastModified, to the second; false where there is nothing to bound.
func (t *Type) timeFilter(c *filter.Compare) (string, bool) {
	if c.Path.Ref.Attr.Name != "meta" || c.Path.Ref.Sub == nil {
		return "", false
	}
	attribute := ""
	switch c.Path.Ref.Sub.Name {
	case "created":
		attribute = t.timeAttributes()[0]
	case "lastModified":
		attribute = t.timeAttributes()[1]
	default:
		return "", false
	}
	text, _ := c.Value.(string)
	at, ok := schema.ParseDateTime(text)
	definition := t.server.Schema.Attribute(attribute)
	if !ok || !t.isDirectory(ldif.ActiveDirectory) && (definition == nil || definition.Ordering == "") {
		return "", false
	}
	from := at.UTC().Truncate(time.Second)
	to := from
	if from.Before(at) {
		to = from.Add(time.Second)
	}
	since := "(" + attribute + ">=" + t.generalizedTime(from) + ")"
	until := "(" + attribute + "<=" + t.generalizedTime(to) + ")"
	switch c.Op {
	case filter.Greater, filter.GreaterOrEqual:
		return since, true
	case filter.Less, filter.LessOrEqual:
		return until, true
	case filter.Equal:
		return and(since, until), true
	}
	return "", false
}

// generalizedTime writes whole seconds as the directory compares them.
func (t *Type) generalizedTime(at time.Time) string {
	if t.isDirectory(ldif.ActiveDirectory) {
		return at.Format("20060102150405.0Z")
	}
	return at.Format("20060102150405Z")
}

// parseGeneralizedTime reads RFC 4517 §3.3.13 with seconds, as servers write it.
func parseGeneralizedTime(v string) (time.Time, error) {
	v = strings.Replace(v, ",", ".", 1)
	at, err := time.Parse("20060102150405Z0700", v)
	if err != nil {
		at, err = time.Parse("20060102150405.999999999Z0700", v)
	}
	return at, err
}
