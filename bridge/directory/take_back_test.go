package directory

import (
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestRollBack: what a plan did is taken back where its entry is by now, and never from another that has got its name, whether the server
// holds a change to the entry's id or not.
func TestRollBack(t *testing.T) {
	for held, without := range map[string][]string{"asserted": nil, "not asserted": {controlAssertion}} {
		for name, c := range map[string]struct {
			kind   ldif.Kind
			moves  bool // another renames the entry, and a third is given its name
			mail   string
			leaves string // the entry; "": it has gone
			why    reason.Reason
		}{
			"changed":           {ldif.Modify, false, "old", "uid=ada", reason.Refused},
			"changed, and away": {ldif.Modify, true, "old", "uid=elsewhere", reason.LostRace},
			"renamed":           {ldif.ModifyDN, false, "new", "uid=before", reason.Refused},
			"renamed, and away": {ldif.ModifyDN, true, "new", "uid=elsewhere", reason.LostRace},
			"made":              {ldif.Add, false, "", "", reason.Refused},
			"made, and away":    {ldif.Add, true, "", "", reason.LostRace},
		} {
			t.Run(held+", "+name, func(t *testing.T) {
				s := dirtest.Memory(t, func(o *memdir.Options) { o.Without = without })
				client := open(t, s)
				dn := person(t, s, "ada")
				conn := s.Connect(t)
				defer conn.Close()
				mail := func(value string) []ldif.Mod {
					return []ldif.Mod{{Op: ldif.ReplaceValues, Name: "mail", Values: []string{value}}}
				}
				modify := func(value string) {
					request := ldap.NewModifyRequest(dn, nil)
					request.Replace("mail", []string{value})
					if err := conn.Modify(request); err != nil {
						t.Fatal(err)
					}
				}
				modify("new")
				server, err := client.Server(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				e, err := client.one(t.Context(), dn, server.IDAttribute)
				if err != nil {
					t.Fatal(err)
				}
				id := server.ID(e)
				step, made := ldif.Step{Change: ldif.Change{Kind: c.kind, DN: dn, If: ldif.Condition{ID: id}}}, ""
				step.Inverse = &ldif.Change{Kind: c.kind, DN: dn, If: step.Change.If}
				switch c.kind {
				case ldif.Modify:
					step.Change.Mods, step.Inverse.Mods = mail("new"), mail("old")
				case ldif.ModifyDN:
					step.Inverse.NewRDN, step.Inverse.DeleteOldRDN = "uid=before", true
				default:
					made = id
					step.Change.If, step.Inverse.Kind, step.Inverse.If = ldif.Condition{}, ldif.Delete, ldif.Condition{Made: true}
				}
				if c.moves {
					if err := conn.ModifyDN(ldap.NewModifyDNRequest(dn, "uid=elsewhere", true, "")); err != nil {
						t.Fatal(err)
					}
					person(t, s, "ada")
					modify("new")
				}
				receipt := ldif.NewReceipt(ldif.Plan{Steps: []ldif.Step{step, {Change: step.Change}}})
				receipt.Steps[0] = ldif.StepReceipt{Sent: step.Change, State: ldif.Done}
				receipt.Steps[1].State = ldif.Refused
				receipt = client.RollBack(t.Context(), receipt, made, &Error{Reason: reason.Refused})
				wantReason(t, receipt.Err, c.why)
				if state := receipt.Steps[0].State; state != ldif.TakenBack {
					t.Errorf("it is %s: %v", state, receipt.Steps[0].Inverse)
				}
				all := Search{Base: s.People, Filter: "(uid=*)", Attributes: []string{"mail", server.IDAttribute}}
				found, err := client.Search(t.Context(), all)
				if err != nil {
					t.Fatal(err)
				}
				left, others := "", 0
				for _, e := range found {
					switch {
					case server.ID(e) != id:
						if others++; e.DN != dn || e.Value("mail") != "new" {
							t.Errorf("the other: %s", e)
						}
					case e.Value("mail") != c.mail:
						t.Errorf("the entry: %s", e)
						fallthrough
					default:
						left, _ = ldif.SplitDN(e.DN)
					}
				}
				if left != c.leaves || (others > 0) != c.moves {
					t.Errorf("it is %q, beside %d others", left, others)
				}
			})
		}
	}
}

// TestRollBackBehind: what comes before a change that stands is not taken back.
func TestRollBackBehind(t *testing.T) {
	s := dirtest.Memory(t)
	c := open(t, s)
	step := modifyMail(person(t, s, "ada")).Steps[0]
	step.Inverse = &step.Change
	receipt := ldif.NewReceipt(ldif.Plan{Steps: []ldif.Step{step, step, step}})
	stands := errors.New("no")
	receipt.Steps[0].State, receipt.Steps[1] = ldif.Done, ldif.StepReceipt{State: ldif.Stands, Inverse: stands}
	s.Mem.ResetCounts()
	why := &Error{Reason: reason.PartlyDone}
	receipt = c.RollBack(t.Context(), receipt, "", why)
	if first := receipt.Steps[0]; receipt.Err != error(why) || first.State != ldif.Stands || first.Inverse != errBehind {
		t.Errorf("%v: %+v", receipt.Err, first)
	}
	if n := s.Mem.Counts()["modify"]; n != 0 {
		t.Errorf("%d changes", n)
	}
}

// TestLeft: what a change is about is looked for by its id in its naming context, and where nobody knows that, by the name that it leaves.
func TestLeft(t *testing.T) {
	server := &ldif.Server{Traits: ldif.OpenLDAP.Traits(), Contexts: []string{"dc=example"}}
	id := ldif.Condition{ID: "d207a245-c483-4d5a-a10b-a779ac37920e"}
	rename := ldif.Change{Kind: ldif.ModifyDN, DN: "uid=ada,dc=example", NewRDN: "uid=countess", If: id}
	if s := Left(server, rename); s.Base != "dc=example" || s.Scope != Subtree || s.Filter == "" {
		t.Errorf("%+v", s)
	}
	rename.If.ID = ""
	if s := Left(server, rename); s.Base != "uid=countess,dc=example" || s.Scope != BaseObject || s.Filter != "" {
		t.Errorf("%+v", s)
	}
}
