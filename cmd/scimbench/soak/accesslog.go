package soak

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/journal"
	"scimbridge/cmd/scimbench/history"
	"scimbridge/ldapmap/ldif"
)

// judgeLog holds what slapd logged of the bridge's account (slapo-accesslog) against the journal: what the directory did is on record, and
// what is on record as done the directory did. A copy without a store leaves no records, and then only the second holds.
func (s *site) judgeLog(records []journal.Account) {
	planned, logged := map[string]bool{}, map[string]bool{}
	wrong := func(what, line string) {
		s.report.Violations = append(s.report.Violations, history.Violation{What: fmt.Sprintf("%s: %s", what, line)})
	}
	for _, a := range records {
		steps := a.Plan.Steps
		if a.Done != nil {
			steps = slices.Concat(steps, a.Done.Receipt.Plan.Steps)
			for _, step := range a.Done.Receipt.Steps {
				steps = append(steps, ldif.Step{Change: step.Sent})
			}
		}
		for _, step := range steps {
			for _, c := range []*ldif.Change{&step.Change, step.Change.Else, step.Inverse} {
				if c == nil {
					continue
				}
				for _, line := range linesOf(*c) {
					planned[line] = true
				}
			}
		}
	}
	for _, line := range s.logged() {
		s.report.Logged++
		if logged[line] = true; !planned[line] && s.Bare == 0 {
			wrong("the directory did it, and no record says so", line)
		}
	}
	unlogged := 0
	for _, a := range records {
		if a.Done == nil {
			continue
		}
		for _, step := range a.Done.Receipt.Steps {
			if step.State != ldif.Done && step.State != ldif.TakenBack {
				continue
			}
			for _, line := range linesOf(step.Sent) {
				if logged[line] {
					continue
				}
				// slapd logs a change when it is done: one that it was killed behind is not logged.
				if unlogged++; unlogged > s.report.Faults["directory-killed"] {
					wrong("by record "+a.ID.String()+" it was done, and the directory did not do it", line)
				}
			}
		}
	}
}

// logged are the changes that the directory made for the bridge's account.
func (s *site) logged() (lines []string) {
	request := ldap.NewSearchRequest("cn=accesslog", ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		ldif.AllOf("(objectClass=auditWriteObject)", "(reqResult=0)", ldif.Equality("reqAuthzID", s.server.Account)),
		[]string{"reqType", "reqDN", "reqMod", "reqNewRDN"}, nil)
	conn := s.server.Connect(s)
	defer conn.Close()
	found, err := conn.SearchWithPaging(request, 500)
	if err != nil {
		s.Error(err)
		return nil
	}
	for _, e := range found.Entries {
		head := e.GetAttributeValue("reqType") + " " + ldif.NormalDN(e.GetAttributeValue("reqDN")) + " "
		switch ldif.Kind(e.GetAttributeValue("reqType")) {
		case ldif.ModifyDN:
			lines = append(lines, head+ldif.NormalDN(e.GetAttributeValue("reqNewRDN")))
		case ldif.Modify:
			for _, line := range e.GetAttributeValues("reqMod") {
				name, what, _ := strings.Cut(line, ":")
				if isTold(name) {
					lines = append(lines, head+strings.ToLower(name)+":"+what)
				}
			}
		case ldif.Add, ldif.Delete:
			lines = append(lines, head)
		}
	}
	return lines
}

// isTold says of an attribute whether both tell of it: slapd adds some of its own, and the journal keeps no secrets.
func isTold(name string) bool {
	return !slices.Contains([]string{"entrycsn", "modifiersname", "modifytimestamp", "userpassword"}, strings.ToLower(name))
}

// linesOf are a change as logged writes it down; an entry that is made is one, whatever it holds.
func linesOf(c ldif.Change) (lines []string) {
	head := string(c.Kind) + " " + ldif.NormalDN(c.DN) + " "
	switch c.Kind {
	case ldif.ModifyDN:
		return []string{head + ldif.NormalDN(c.NewRDN)}
	case ldif.Add, ldif.Delete:
		return []string{head}
	case ldif.Modify:
	}
	for _, m := range c.Mods {
		if !isTold(m.Name) {
			continue
		}
		name := head + strings.ToLower(m.Name) + ":" + map[ldif.ModOp]string{"add": "+", "delete": "-", "replace": "="}[m.Op]
		for _, v := range m.Values {
			lines = append(lines, name+" "+v)
		}
		if len(m.Values) == 0 {
			lines = append(lines, name)
		}
	}
	return lines
}
