// Package truth holds the journal against what the directory itself says was done to it.
package truth

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// happened is a change that the directory says it made (slapo-accesslog): the key is what keyOf tells of it.
type happened struct {
	at, dn, key string // at: when it was begun
	order       string // in which it was made, which is another: changes wait for one another
	kind        ldif.Kind
	lines       []string
}

// Since is when the server made its last change, as Holds wants it; "": it made none.
func Since(t testing.TB, server *dirtest.Server) string {
	t.Helper()
	made := changesOf(t, server)
	if len(made) == 0 {
		return ""
	}
	return made[len(made)-1].at
}

// changesOf are the changes that the server made in the order in which it made them.
func changesOf(t testing.TB, server *dirtest.Server) (all []happened) {
	t.Helper()
	if server.Mem != nil {
		for n, c := range server.Mem.Operations() {
			if setsPassword(c) {
				continue // by the operation, which says no more
			}
			at := time.Unix(int64(n), 0).UTC().Format(accessTime)
			all = append(all, happened{at: at, order: at, dn: c.DN, key: keyOf(c), kind: c.Kind, lines: linesOf(c)})
		}
		return all
	}
	request := ldap.NewSearchRequest("cn=accesslog", ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		"(&(objectClass=auditWriteObject)(reqResult=0))",
		[]string{"reqStart", "reqType", "reqDN", "reqMod", "reqNewRDN", "reqDeleteOldRDN", "reqNewSuperior", "entryCSN"}, nil)
	found, err := server.Connect(t).SearchWithPaging(request, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Entries {
		h := happened{at: e.GetAttributeValue("reqStart"), dn: e.GetAttributeValue("reqDN"), order: e.GetAttributeValue("entryCSN")}
		h.kind = ldif.Kind(e.GetAttributeValue("reqType"))
		switch h.kind {
		case ldif.ModifyDN:
			h.lines = renaming(
				e.GetAttributeValue("reqNewRDN"), e.GetAttributeValue("reqDeleteOldRDN") == "TRUE", e.GetAttributeValue("reqNewSuperior"))
		case ldif.Add, ldif.Modify:
			for _, line := range e.GetAttributeValues("reqMod") {
				name, what, _ := strings.Cut(line, ":")
				if name = strings.ToLower(name); !slices.Contains(serversOwn, name) && !ldif.Secret(name) {
					h.lines = append(h.lines, name+":"+what)
				}
			}
		case ldif.Delete:
		}
		if h.kind == ldif.Modify && len(h.lines) == 0 {
			continue // a password, of which nothing is on record, or what the server keeps by itself
		}
		h.key = key(h.kind, h.dn, h.lines)
		all = append(all, h)
	}
	slices.SortStableFunc(all, func(a, b happened) int { return cmp.Compare(a.order, b.order) })
	return all
}

// accessTime is how slapo-accesslog writes a time.
const accessTime = "20060102150405.000000Z"

// serversOwn are the attributes that slapd adds to a change, or changes by itself.
var serversOwn = strings.Fields(
	"entrycsn modifiersname modifytimestamp creatorsname createtimestamp entryuuid structuralobjectclass memberof")

func renaming(rdn string, deleteOld bool, superior string) []string {
	return []string{fmt.Sprintf("%s %t %s", ldif.NormalDN(rdn), deleteOld, ldif.NormalDN(superior))}
}

func key(kind ldif.Kind, dn string, lines []string) string {
	slices.Sort(lines)
	return fmt.Sprintf("%s %s\n%s", kind, ldif.NormalDN(dn), strings.Join(lines, "\n"))
}

// linesOf are a change as slapo-accesslog writes it down.
func linesOf(c ldif.Change) (lines []string) {
	if c.Kind == ldif.ModifyDN {
		return renaming(c.NewRDN, c.DeleteOldRDN, c.NewSuperior)
	}
	mods := slices.Clone(c.Mods)
	for _, a := range c.Entry {
		mods = append(mods, ldif.Mod{Op: ldif.AddValues, Name: a.Name, Values: a.Values})
	}
	for _, m := range mods {
		if ldif.Secret(m.Name) {
			continue
		}
		head := strings.ToLower(m.Name) + ":" + map[ldif.ModOp]string{"add": "+", "delete": "-", "replace": "="}[m.Op]
		for _, v := range m.Values {
			lines = append(lines, head+" "+v)
		}
		if len(m.Values) == 0 {
			lines = append(lines, head)
		}
	}
	return lines
}

func keyOf(c ldif.Change) string { return key(c.Kind, c.DN, linesOf(c)) }

// claim is a change that a receipt tells of.
type claim struct {
	by      journal.ID
	request string
	change  ldif.Change
	found   bool // it was looked up
	sure    bool // it was made; else: it may have been
	some    bool // or some of it: what was so already was left out
	shown   bool // no answer came: it was read back
	back    bool // it takes back what was done, wherever the entry is by then, if it is anywhere
}

func setsPassword(c ldif.Change) bool {
	return slices.ContainsFunc(c.Mods, func(m ldif.Mod) bool { return ldif.Secret(m.Name) })
}

// claims are the changes that accounts tell of, by their keys.
func claims(t testing.TB, accounts []journal.Account) map[string][]claim {
	t.Helper()
	all := map[string][]claim{}
	for _, a := range accounts {
		if a.Done == nil {
			continue
		}
		add := func(c claim) { all[keyOf(c.change)] = append(all[keyOf(c.change)], c) }
		for i, s := range a.Done.Receipt.Steps {
			c := claim{by: a.ID, request: a.RequestID, found: a.Done.Found, shown: s.ReadBack, change: s.Sent}
			if c.change.Kind == "" {
				c.change = a.Plan.Steps[i].Change
			}
			if setsPassword(c.change) {
				continue
			}
			switch {
			case s.State == ldif.TakenBack, s.Changed():
				c.sure = true
			case s.State != ldif.Unknown:
				continue
			}
			if c.some = c.found && c.change.IsSettled(); c.some { // that it is so is all that could be found
				c.sure = false
			}
			add(c)
			if c.found && s.State == ldif.Unknown && c.change.Else != nil { // either of them
				otherwise := c
				otherwise.change = *c.change.Else
				add(otherwise)
			}
			if inverse := a.Plan.Steps[i].Inverse; inverse != nil && (s.State == ldif.TakenBack || c.found) {
				c.change, c.sure, c.some, c.back = *inverse, false, true, true
				add(c)
			}
		}
	}
	return all
}

// Holds fails the test unless the receipts tell of each change that the directory made, once, and of no other, and unless these make of
// what was there before what is there now. It returns who was blocked when.
func Holds(t testing.TB, server *dirtest.Server, accounts []journal.Account, before []*ldif.Entry, since string) (all []Blocking) {
	t.Helper()
	told := claims(t, accounts)
	schema := subschemaOf(t, server)
	model, who := map[string]*ldif.Entry{}, map[string]int{}
	for n, e := range before {
		model[ldif.NormalDN(e.DN)], who[ldif.NormalDN(e.DN)] = e, -n
	}
	made := map[string]bool{}
	count := 0
	for _, h := range changesOf(t, server) {
		if h.at <= since {
			continue
		}
		count++
		c, is := take(told, h)
		if !is {
			t.Errorf("the directory made a change at %s of which no receipt tells:\n%s\n%s", h.at, h.key, plannedBy(accounts, h.key))
			continue
		}
		made[c.change.String()], made[keyOf(c.change)] = true, true
		at := ldif.NormalDN(c.change.DN)
		after := ldif.Apply(model[at], c.change, schema)
		if c.change.Kind == ldif.Add {
			who[at] = count
		}
		if isBlocked(after) && !isBlocked(model[at]) {
			when, err := time.Parse(accessTime, h.at)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, Blocking{when, who[at]})
		}
		one := who[at]
		delete(model, at)
		delete(who, at)
		if after != nil {
			model[ldif.NormalDN(after.DN)], who[ldif.NormalDN(after.DN)] = after, one
		}
	}
	for _, left := range told {
		for _, c := range left {
			// Of two that wished the same one was made; the other, whose answer was lost, read it back and takes it for its own. What is
			// held to how an earlier change left the entry does not say to which version.
			twin := c.shown && (made[c.change.String()] || c.change.If.AsLeft && made[keyOf(c.change)])
			if c.sure && !twin {
				t.Errorf("record %s (request %s, looked up: %t, read back: %t) tells of a change that the directory did not make:\n%s\n%s",
					c.by, c.request, c.found, c.shown, c.change, plannedBy(accounts, keyOf(c.change)))
			}
		}
	}
	for _, e := range ContentOf(t, server) {
		at := ldif.NormalDN(e.DN)
		if want, got := asText(schema, model[at]), asText(schema, e); want != got {
			t.Errorf("the directory holds\n%s\nand by the receipts it is\n%s", got, want)
		}
		delete(model, at)
	}
	for at, e := range model {
		t.Errorf("by the receipts there is %s:\n%s", at, asText(schema, e))
	}
	t.Logf("%d changes", count)
	return all
}

// Blocking is that somebody was blocked.
type Blocking struct {
	At  time.Time
	Who int // the same after a rename
}

func isBlocked(e *ldif.Entry) bool {
	control, _ := strconv.Atoi(e.Value("userAccountControl"))
	return control&2 != 0
}

// take takes the claim that tells of a change out of those that are left: the one that was answered before those that were read back, and
// these before those that may be.
func take(told map[string][]claim, h happened) (c claim, found bool) {
	if list := told[h.key]; len(list) > 0 {
		at := slices.IndexFunc(list, func(c claim) bool { return c.sure && !c.shown })
		if at < 0 {
			at = max(0, slices.IndexFunc(list, func(c claim) bool { return c.sure }))
		}
		c = list[at]
		told[h.key] = slices.Delete(list, at, at+1)
		return c, true
	}
	for key, list := range told {
		for at, c := range list {
			if !c.some || c.change.Kind != h.kind || !c.back && !ldif.SameDN(c.change.DN, h.dn) {
				continue
			}
			c.change.DN = h.dn
			if lines := linesOf(c.change); !slices.ContainsFunc(h.lines, func(l string) bool { return !slices.Contains(lines, l) }) {
				told[key] = slices.Delete(list, at, at+1)
				return c, true // of which the rest was so already
			}
		}
	}
	return c, false
}

// plannedBy are the receipts of the plans that had the change in them.
func plannedBy(accounts []journal.Account, key string) string {
	var text strings.Builder
	for _, a := range accounts {
		if !slices.ContainsFunc(a.Plan.Steps, func(s ldif.Step) bool { return keyOf(s.Change) == key }) {
			continue
		}
		fmt.Fprintf(&text, "record %s (request %s) of %s is %s", a.ID, a.RequestID, a.Time.UTC().Format(time.RFC3339Nano), a.Outcome)
		if a.Done != nil {
			fmt.Fprintf(&text, ", looked up: %t, %v\n%s", a.Done.Found, a.Done.Receipt.Err, a.Done.Receipt.LDIF())
		}
	}
	return text.String()
}

func subschemaOf(t testing.TB, server *dirtest.Server) *ldif.Subschema {
	t.Helper()
	e := server.Entry(t, "cn=Subschema", "attributeTypes", "objectClasses")
	s, err := ldif.ParseSubschema(e.Values("attributeTypes"), e.Values("objectClasses"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ContentOf are the entries of people and groups.
func ContentOf(t testing.TB, server *dirtest.Server) []*ldif.Entry {
	t.Helper()
	return append(server.Entries(t, server.People), server.Entries(t, server.Groups)...)
}

// asText is an entry as text in which the order of its values does not matter, without passwords.
func asText(s *ldif.Subschema, e *ldif.Entry) string {
	if e == nil {
		return "nothing"
	}
	var lines []string
	for _, a := range e.Attributes {
		for _, v := range a.Values {
			if ldif.Secret(a.Name) || strings.EqualFold(a.Name, "memberOf") {
				continue
			}
			if strings.Contains(v, "=") {
				v = ldif.NormalDN(v)
			}
			lines = append(lines, s.Canonical(a.Name)+": "+v)
		}
	}
	slices.Sort(lines)
	return "dn: " + e.DN + "\n" + strings.Join(lines, "\n")
}
