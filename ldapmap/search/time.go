package search

import (
	"time"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// timeFilter bounds the entry's times for a comparison of meta.created or meta.lastModified, to the second, which is no
// finer than what they show; false where there is nothing to bound.
func (x *translator) timeFilter(c *filter.Compare) (string, bool) {
	if c.Path.Ref.Attr.Name != "meta" || c.Path.Ref.Sub == nil {
		return "", false
	}
	attribute := ""
	switch c.Path.Ref.Sub.Name {
	case "created":
		attribute = x.Server.CreatedAttribute
	case "lastModified":
		attribute = x.Server.ModifiedAttribute
	default:
		return "", false
	}
	text, _ := c.Value.(string)
	at, ok := schema.ParseDateTime(text)
	definition := x.Server.Schema.Attribute(attribute)
	if !ok || !x.Server.OrdersTimes && (definition == nil || definition.Ordering == "") {
		return "", false
	}
	from := at.UTC().Truncate(time.Second)
	to := from
	if from.Before(at) {
		to = from.Add(time.Second)
	}
	within := func(attribute string) string {
		since := "(" + attribute + ">=" + from.Format(x.Server.TimeLayout) + ")"
		until := "(" + attribute + "<=" + to.Format(x.Server.TimeLayout) + ")"
		switch c.Op {
		case filter.Greater, filter.GreaterOrEqual:
			return since
		case filter.Less, filter.LessOrEqual:
			return until
		case filter.Equal:
			return ldif.AllOf(since, until)
		}
		return ""
	}
	bounds := within(attribute)
	if bounds != "" && attribute == x.Server.ModifiedAttribute && x.Server.ModifiedOnChange {
		bounds = ldif.AnyOf(bounds, ldif.AllOf("(!("+attribute+"=*))", within(x.Server.CreatedAttribute)))
	}
	return bounds, bounds != ""
}
