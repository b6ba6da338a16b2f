package patch

import (
	"slices"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// This file is what clients send beyond RFC 7644 §3.5.2 in PATCH operations: one function a quirk, each with where it was seen. A function
// that does not apply returns what it was given, and in a strict dialect none applies. Values and paths have quirks of their own, in the
// files of this name in scim and scim/filter.

// noOperations takes a body whose Operations are empty: Microsoft's web validator sends it and expects success (scimmyjs/scimmy#59).
func noOperations(d scim.Dialect) bool { return !d.Strict }

// kindOf reads op in any case: Entra's default dialect has "Add", "Replace" and "Remove" (thomaspoignant/scim-patch#5).
func kindOf(d scim.Dialect, word string) Kind {
	if !d.Strict {
		word = strings.ToLower(word)
	}
	return Kind(word)
}

// emptyPath takes "path":"" for none: admin-written templates.
func emptyPath(d scim.Dialect, path any) bool {
	return path == nil || path == "" && !d.Strict
}

// ofList takes the object out of an array of one that was sent where an operation without a path has a set of attributes: the habit of
// Microsoft's old client library (see unwrapped in scim).
func ofList(d scim.Dialect, value any) any {
	if list, ok := value.([]any); ok && len(list) == 1 && !d.Strict {
		return list[0]
	}
	return value
}

// pathKey finds the path behind a key of a value without a path: "emails[type eq \"work\"].value", and "emails.value" of a multi-valued
// attribute, which only an operation can mean (Captain-P-Goldfish/SCIM-SDK#267, pond/scimitar#123). The plain dotted keys are scim's.
func pathKey(d scim.Dialect, rt *schema.ResourceType, key string) bool {
	if d.Strict {
		return false
	}
	if strings.ContainsRune(key, '[') {
		return true
	}
	urn, name, sub := d.SplitPath(rt, key)
	ref, ok := d.Resolve(rt, urn, name, sub)
	return ok && ref.Sub != nil && ref.Attr.MultiValued
}

// unkept reads a path that selects a value by a label (type, primary), where the type keeps the attribute's values without their types:
// Entra writes `emails[type eq "work"].value`, and its SingleAppRoleAssignment `roles[primary eq "True"].value`
// (lightdash/lightdash#25676), whatever the map keeps of them. Which value is meant is told when the operation is done (labelled).
func unkept(d scim.Dialect, rt *schema.ResourceType, path string) (filter.Path, bool) {
	attribute, rest, bracketed := strings.Cut(path, "[")
	if d.Strict || !bracketed {
		return filter.Path{}, false
	}
	urn, name, sub := d.SplitPath(rt, attribute)
	ref, ok := d.Resolve(rt, urn, name, sub)
	if !ok || ref.Attr == nil || ref.Sub != nil || !ref.Attr.MultiValued || ref.Attr.Type != schema.Complex ||
		scim.RefersByValue(ref.Attr) || ref.Attr.Sub("type") != nil {
		return filter.Path{}, false
	}
	widened := ref.Attr.Clone()
	widened.SubAttributes = append(widened.SubAttributes, &schema.Attribute{Name: "type", Type: schema.String})
	if ref.Attr.Sub("primary") == nil {
		widened.SubAttributes = append(widened.SubAttributes, &schema.Attribute{Name: "primary", Type: schema.Boolean})
	}
	selecting := &schema.ResourceType{Name: rt.Name, Core: &schema.Schema{ID: rt.Core.ID, Attributes: []*schema.Attribute{widened}}}
	selected, err := filter.ParsePath(widened.Name+"["+rest, selecting, d)
	if err != nil {
		return filter.Path{}, false
	}
	if inner := selected.Attr.Ref.Sub; inner != nil {
		if ref.Sub = ref.Attr.Sub(inner.Name); ref.Sub == nil {
			return filter.Path{}, false
		}
	}
	_, ok = filter.Equalities(selected.Filter)
	return filter.Path{Attr: filter.PathOf(ref).Attr, Filter: selected.Filter}, ok
}

// isSole says that a path which unkept read means by the primary value the only one.
func isSole(path filter.Path) bool {
	clauses, _ := filter.Equalities(path.Filter)
	return path.Attr.Ref.Attr.Sub("value") != nil && len(clauses) == 1 &&
		clauses[0].Path.Ref.Sub.Name == "primary" && clauses[0].Value == true
}

// ignoresReadOnly passes over readOnly attributes in a value without a path: Okta and others return the meta and groups that they read. An
// id must be the resource's own all the same.
func ignoresReadOnly(d scim.Dialect) bool { return !d.Strict }

// ignoresUnmapped passes over an operation on an attribute that the type does not have: Entra's default mappings have many, and one that is
// refused costs the whole user (kortix-ai/suna#7302). By RFC 7644 table 9 it is an invalidPath.
func ignoresUnmapped(d scim.Dialect) bool { return !d.Strict }

// removedValues takes a value in a remove, which RFC 7644 §3.5.2.2 does not have. Entra's default dialect names with one the members to
// take out (AzureAD/SCIMReferenceCode#10); on a path with a filter, or on what is not multi-valued, it is redundant
// (AzureAD/SCIMReferenceCode#87). Ignoring it would empty the group, so that a strict reader refuses it.
func removedValues(d scim.Dialect, value any) error {
	if value == nil || !d.Strict {
		return nil
	}
	return &scim.Error{Type: scim.InvalidSyntax, Detail: "a remove has no value: its path selects what goes"}
}

// described returns the value that a filter of equalities describes, {type: work} for `type eq "work"`, for an operation that found none to
// change. RFC 7644 §3.5.2.3 has noTarget; Entra relies on the value being made, by add and by replace (erratum 8097, scim-patch#42,
// SCIM-SDK#416). An empty label is none (unassigned), and describes nothing.
func described(d scim.Dialect, f filter.Expr) (map[string]any, bool) {
	clauses, ok := filter.Equalities(f)
	if d.Strict || !ok || slices.ContainsFunc(clauses, func(c *filter.Compare) bool { return !labels(c.Path.Ref) || c.Value == "" }) {
		return nil, false
	}
	return selectedBy(f)
}

// labels says that a sub-attribute tells which of several values is meant, and is not what the value is.
func labels(ref schema.Ref) bool {
	return ref.Sub != nil && (ref.Sub.Name == "type" || ref.Sub.Name == "primary")
}
