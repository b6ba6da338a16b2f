package directory

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// lost is a request that no answer comes for.
const lost = -1

// TestReceipts: what Execute tells of each step, and what it left the directory with. The plan gives ada a mail address, makes a
// and b members of staff (a is one), and renames ada; or it deletes cn=old first.
func TestReceipts(t *testing.T) {
	mail := func(value string) ldif.Change {
		return ldif.Change{Kind: ldif.Modify, DN: "uid=ada", Mods: []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: "mail", Values: []string{value}},
		}}
	}
	back := mail("old")
	deletion := ldif.Step{Change: ldif.Change{Kind: ldif.Delete, DN: "cn=old"}}
	plan := []ldif.Step{
		{Change: mail("new"), Inverse: &back},
		{Change: ldif.Change{Kind: ldif.Modify, DN: "cn=staff", Mods: []ldif.Mod{
			{Op: ldif.AddValues, Name: "member", Values: []string{"a", "b"}, Settled: true},
		}}},
		{Change: ldif.Change{Kind: ldif.ModifyDN, DN: "uid=ada", NewRDN: "uid=countess"}},
	}
	alone := []ldif.Step{plan[0], {Change: deletion.Change, Alone: true}, plan[2]}
	late := []ldif.Step{plan[2], plan[1], plan[0]}
	late[1].Keeps = ldif.Keeps{ID: "1", Late: true}
	for name, test := range map[string]struct {
		plan    []ldif.Step
		answers map[string]int64 // results beyond the members', by request
		there   string           // members of staff
		err     reason.Reason
		code    uint16
		states  string
		stands  string // why
		member  string // values sent last
		sent    string // all requests
	}{
		"done": {
			plan: plan, there: "a",
			states: "done, done, done", member: "b", sent: "mail new, members a b, members b, rename",
		},
		"all members there": {
			plan: plan, there: "a b",
			states: "done, done, done", sent: "mail new, members a b, rename",
		},
		"who is to follow has gone": {
			plan: late, answers: map[string]int64{"members a b": ldap.LDAPResultNoSuchObject},
			states: "done, refused, done", member: "a b", sent: "rename, members a b, mail new",
		},
		"who is to follow may not": {
			plan: late, answers: map[string]int64{"members a b": ldap.LDAPResultInsufficientAccessRights},
			err: reason.PartlyDone, code: 50, states: "stands, refused, not sent", stands: "no inverse", member: "a b",
			sent: "rename, members a b",
		},
		"refused at once": {
			plan: plan, answers: map[string]int64{"mail new": ldap.LDAPResultInsufficientAccessRights},
			err: reason.Refused, code: 50, states: "refused, not sent, not sent", sent: "mail new",
		},
		"taken back, but for the members": {
			plan: plan, there: "a", answers: map[string]int64{"rename": ldap.LDAPResultEntryAlreadyExists},
			err: reason.Exists, code: 68, states: "taken back, done, refused", member: "b",
			sent: "mail new, members a b, members b, rename, mail old",
		},
		"never sent": {
			plan: plan, answers: map[string]int64{"members a b": ldap.LDAPResultBusy},
			err: reason.Unavailable, code: 51, states: "taken back, not sent, not sent", sent: "mail new, members a b, mail old",
		},
		"taking back refused": {
			plan:    plan,
			answers: map[string]int64{"rename": ldap.LDAPResultEntryAlreadyExists, "mail old": ldap.LDAPResultInsufficientAccessRights},
			err:     reason.PartlyDone, code: 68, states: "stands, done, refused", stands: "result 50", member: "a b",
			sent: "mail new, members a b, rename, mail old",
		},
		"no way back": {
			plan: append([]ldif.Step{deletion}, plan...), answers: map[string]int64{"members a b": ldap.LDAPResultBusy},
			err: reason.PartlyDone, code: 51, states: "stands, taken back, not sent, not sent", stands: ldif.ErrNoInverse.Error(),
			sent: "delete, mail new, members a b, mail old",
		},
		"no way back beyond the last": {
			plan:    append(plan[:1:1], deletion, plan[2]),
			answers: map[string]int64{"rename": ldap.LDAPResultAssertionFailed},
			err:     reason.PartlyDone, code: 122, states: "stands, stands, refused", stands: errBehind.Error(),
			sent: "mail new, delete, rename",
		},
		"refused alone": {
			plan: alone, answers: map[string]int64{"delete": ldap.LDAPResultInsufficientAccessRights},
			err: reason.Refused, code: 50, states: "done, refused, done", sent: "mail new, delete, rename",
		},
		"of two refused alone the one that may come off": {
			plan: []ldif.Step{{Change: deletion.Change, Alone: true}, {Change: mail("new"), Alone: true}},
			answers: map[string]int64{
				"delete": ldap.LDAPResultInsufficientAccessRights, "mail new": ldap.LDAPResultObjectClassViolation,
			},
			err: reason.Invalid, code: 65, states: "refused, refused", sent: "delete, mail new",
		},
		"taken back, but for what was refused alone": {
			plan:    alone,
			answers: map[string]int64{"delete": ldap.LDAPResultInsufficientAccessRights, "rename": ldap.LDAPResultEntryAlreadyExists},
			err:     reason.Exists, code: 68, states: "taken back, refused, refused", sent: "mail new, delete, rename, mail old",
		},
		"unknown": {
			plan: plan, answers: map[string]int64{"rename": lost},
			err: reason.Unknown, states: "done, done, unknown", member: "a b", sent: "mail new, members a b, rename",
		},
		"unknown at once": {
			plan: plan, answers: map[string]int64{"mail new": lost},
			err: reason.Unknown, states: "unknown, not sent, not sent", sent: "mail new",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []string
				p := &peer{script: func(s *session, m message) bool {
					request := ""
					switch m.op {
					case ldap.ApplicationModifyRequest:
						request = "mail " + strings.Join(m.changes()[0].Values, " ")
						if m.target() == "cn=staff" {
							request = "members " + strings.Join(m.changes()[0].Values, " ")
						}
					case ldap.ApplicationModifyDNRequest:
						request = "rename"
					case ldap.ApplicationDelRequest:
						request = "delete"
					case ldap.ApplicationSearchRequest:
						if m.target() == "cn=staff" {
							s.entry(m, "cn=staff", ldif.Attribute{Name: "member", Values: strings.Fields(test.there)})
						}
						return false
					default:
						return false
					}
					sent = append(sent, request)
					code := test.answers[request]
					if request == "members a b" && test.there != "" {
						code = ldap.LDAPResultAttributeOrValueExists
					}
					if code != lost {
						s.result(m, code, "")
					}
					return true
				}}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				receipt := c.Execute(t.Context(), ldif.Plan{Steps: test.plan}, nil)
				synctest.Wait() // the peer has noted what it does not answer
				if test.err == reason.None && receipt.Err != nil {
					t.Fatal(receipt.Err)
				}
				if test.err != reason.None {
					if e := wantReason(t, receipt.Err, test.err); e.Code != test.code {
						t.Errorf("result %d", e.Code)
					}
				}
				var states []string
				member := ""
				for i, step := range receipt.Steps {
					states = append(states, step.State.String())
					change := test.plan[i].Change
					if change.DN == "cn=staff" {
						for _, m := range step.Sent.Mods {
							member = strings.Join(m.Values, " ")
						}
						change.Mods = step.Sent.Mods
					}
					if step.State == ldif.NotSent {
						change = ldif.Change{}
					}
					if d := cmp.Diff(change, step.Sent); d != "" {
						t.Errorf("step %d: %s", i, d)
					}
					if (step.Inverse != nil) != (step.State == ldif.Stands) {
						t.Errorf("step %d: %v: %v", i, step.State, step.Inverse)
					}
				}
				if i := receipt.At(ldif.Stands); i >= 0 && !strings.Contains(receipt.Steps[i].Inverse.Error(), test.stands) {
					t.Errorf("stands: %v", receipt.Steps[i].Inverse)
				}
				if (receipt.At(ldif.Stands) >= 0) != (test.stands != "") {
					t.Errorf("stands at %d", receipt.At(ldif.Stands))
				}
				for _, d := range []string{
					cmp.Diff(test.states, strings.Join(states, ", ")), cmp.Diff(test.member, member),
					cmp.Diff(test.sent, strings.Join(sent, ", ")),
				} {
					if d != "" {
						t.Error(d)
					}
				}
			})
		})
	}
}
