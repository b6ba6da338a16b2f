package patch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// many is a list of JSON texts, each with its number.
func many(n int, format string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(list, ",")
}

// TestLimits: at a limit a PATCH is done, beyond it is refused, with a word that says which. Members have none but the body's.
func TestLimits(t *testing.T) {
	all := make([]any, scim.DefaultValues)
	for i := range all {
		all[i] = map[string]any{"value": fmt.Sprint(i)}
	}
	full := scim.Resource{"userName": "a", "active": true, "emails": all}
	const values, would = "emails has more than 10000 values", "emails would have more than 10000 values"
	const title = `{"op":"replace","path":"title","value":"%d"}`
	const add, remove = `{"op":"add","path":"emails","value":[%s]}`, `{"op":"remove","path":"emails","value":[%s]}`
	for name, test := range map[string]struct {
		before     scim.Resource
		operations string
		want       string
	}{
		"operations": {scim.Resource{}, many(scim.DefaultPatchOperations, title), ""},
		"one more":   {scim.Resource{}, many(scim.DefaultPatchOperations+1, title), "the PATCH has more than 1000 operations"},
		"keys without a path": {
			scim.Resource{}, `{"op":"add","value":{` + many(1001, `"emails[type eq \"%d\"].value":"x"`) + `}}`, "1000 operations",
		},
		"values":                {scim.Resource{}, fmt.Sprintf(add, many(scim.DefaultValues, `{"value":"%d"}`)), ""},
		"values, one more":      {scim.Resource{}, fmt.Sprintf(add, many(scim.DefaultValues+1, `{"value":"%d"}`)), values},
		"values in all":         {full, fmt.Sprintf(add, `{"value":"x"}`), would},
		"values made":           {full, `{"op":"add","path":"emails[type eq \"work\"].value","value":"x"}`, would},
		"values that are there": {full, fmt.Sprintf(add, many(scim.DefaultValues, `{"value":"%d","type":"home"}`)), ""},
		"values removed":        {full, fmt.Sprintf(remove, many(scim.DefaultValues, `{"value":"%d"}`)), ""},
	} {
		if err := apply(test.before, `{"Operations":[`+test.operations+`]}`); text(err) != "" && test.want == "" ||
			!strings.Contains(text(err), test.want) {
			t.Errorf("%s: %.200v, want %s", name, err, test.want)
		}
	}
	members := `{"Operations":[` + many(3*scim.DefaultPatchOperations, `{"op":"add","path":"members","value":[{"value":"%d"}]}`) +
		`,{"op":"add","path":"members","value":[` + many(3*scim.DefaultValues, `{"value":"u%d"}`) + `]}]}`
	ops, _, err := patch.Parse([]byte(members), groupType(), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	rest, delta, ok := patch.SplitMembers(ops, "members")
	_, err = patch.Apply(scim.Resource{"displayName": "g"}, rest, groupType(), scim.Dialect{})
	if err != nil || !ok || len(delta.Add) != 33_000 {
		t.Errorf("members: %t, %d, %v", ok, len(delta.Add), err)
	}
}

// patience is a context that ends when it has been asked so often.
type patience struct {
	context.Context
	left int
}

func (p *patience) Err() error {
	if p.left--; p.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestApplyEnds: each operation looks at all values of its attribute, and there may be many of both: the work ends with the request's.
func TestApplyEnds(t *testing.T) {
	body := `{"Operations":[` + many(5, `{"op":"replace","path":"title","value":"%d"}`) + `]}`
	ops, _, err := patch.Parse([]byte(body), userType(), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[int]error{0: context.Canceled, 4: context.Canceled, 5: nil} {
		ctx := &patience{t.Context(), asked}
		if _, err := patch.Ops(ops).Apply(ctx, scim.Resource{"userName": "a"}, userType(), scim.Dialect{}); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", asked, err, want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestALongPathIsNotSaidBack: an error names the operation, and not thousands of values.
func TestALongPathIsNotSaidBack(t *testing.T) {
	path := "emails[" + strings.Repeat(`value eq \"ü\" or `, 2000) + "]"
	err := apply(scim.Resource{}, `{"Operations":[{"op":"replace","path":"`+path+`","value":"x"}]}`)
	if got := text(err); got == "" || len(got) > 500 || !strings.Contains(got, "…") {
		t.Errorf("%d octets: %.600s", len(got), got)
	}
}

// TestSecretPaths: an error does not repeat what a path compares a password with.
func TestSecretPaths(t *testing.T) {
	for _, path := range []string{
		`password[value eq \"hush\"]`, `urn:ietf:params:scim:schemas:core:2.0:User:Password[value eq \"hush\"].x`,
	} {
		err := apply(scim.Resource{}, `{"Operations":[{"op":"replace","path":"`+path+`","value":"x"}]}`)
		if text(err) == "" || strings.Contains(text(err), "hush") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
