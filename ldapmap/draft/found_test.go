package draft

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// TestFound: a change is held to what it was planned on, and what takes it back, and a change under another name, to nothing.
func TestFound(t *testing.T) {
	entry := &ldif.Entry{
		DN:         "uid=ada",
		Attributes: []ldif.Attribute{{Name: "title", Values: []string{"Clerk"}}, {Name: "member", Values: []string{"uid=x"}}},
		Asked:      []string{"title", "sn", "member", "userPassword"},
	}
	mods := []ldif.Mod{
		{Op: ldif.DeleteValues, Name: "title", Values: []string{"Clerk"}},
		{Op: ldif.AddValues, Name: "title", Values: []string{"Chief"}},
		{Op: ldif.AddValues, Name: "sn", Values: []string{"Ada"}},
		{Op: ldif.AddValues, Name: "unseen", Values: []string{"x"}},
		{Op: ldif.AddValues, Name: "member", Values: []string{"uid=y"}, Settled: true},
		{Op: ldif.ReplaceValues, Name: "userPassword", Values: []string{"Secret-123"}},
	}
	step := modifyStep(&ldapmap.Type{}, "uid=ada", mods, entry, ldif.Condition{})
	want := []ldif.Attribute{{Name: "title", Values: []string{"Clerk"}}, {Name: "sn"}}
	if diff := cmp.Diff(want, step.Change.If.Found); diff != "" || step.Inverse.If.Found != nil {
		t.Errorf("%s; taken back %v", diff, step.Inverse.If.Found)
	}
	if renamed := modifyStep(&ldapmap.Type{}, "uid=countess", mods, entry, ldif.Condition{}); renamed.Change.If.Found != nil {
		t.Errorf("renamed: %v", renamed.Change.If.Found)
	}
}
