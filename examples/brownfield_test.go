package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// arrival is an account of the client, and what the directory holds of the person before anybody asks.
type arrival struct {
	n        int
	userName string
	sends    map[string]string // by path, besides externalId and active
	entry    string            // LDIF; "": nobody has an account
	decoy    string            // LDIF of an entry that is not the person's; "": none
	id       string            // of the entry
	showed   map[string]string // by LDAP attribute: what SCIM shows before anybody asks of what has several values
}

// TestBrownfield: a client's first cycle over a directory that has been there for long, on OpenLDAP over 1,000 entries that are to be
// linked, among others. Each account is linked to the entry of the person, nobody gets a second one, and what was not sent is byte for byte
// as it was. SCIMBRIDGE_TEST_USERS is another number of accounts: `make brownfield` has 5,000 linked.
func TestBrownfield(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			size, arrives := map[string]int{"openldap": 1_120, "active-directory": 32}[s.name], grown
			if size == 0 {
				size = 80
			}
			size = dirtest.Number(t, "SCIMBRIDGE_TEST_USERS", size)
			env := slices.Clone(matching)
			if s.name == "active-directory" { // where the displayName makes the name
				arrives, env = grownInADomain, append(env, "SCIMBRIDGE_RESOURCES_0_RENAME=never")
			} else {
				env = append(env, "SCIMBRIDGE_RESOURCES_0_FILTER=(|(objectClass=person)(objectClass=account))")
			}
			server := s.start(t)
			d := deploy(t, server, env...)
			all, text := make([]*arrival, size), ""
			for n := range all {
				all[n] = arrives(server.People, n, kindOf(n, size))
				text += all[n].entry + "\n" + all[n].decoy + "\n"
			}
			if s.name == "389ds" { // which blocks by an attribute of its own
				text = blockedBy.ReplaceAllString(text, "")
			}
			server.Load(t, text)
			before := stateOf(t, server)
			ids := map[string]string{}
			for id, e := range before {
				ids[ldif.NormalDN(e.DN)] = id
			}
			for _, a := range all {
				if loaded, err := ldif.Parse(a.entry); err != nil {
					t.Fatal(err)
				} else if len(loaded) > 0 {
					a.id = ids[ldif.NormalDN(loaded[0].DN)]
				}
				if e := before[a.id]; e != nil && max(len(e.Values("mail")), len(e.Values("uid"))) > 1 {
					a.showed = d.logins(t, a.id)
				}
			}
			d.cycle(t, all, true)
			after := stateOf(t, server)
			linked, made := 0, 0
			for _, a := range all {
				if e := before[a.id]; e != nil {
					linked++
					a.unharmed(t, server, e, after[a.id])
				} else {
					made++
				}
			}
			t.Logf("of %d entries %d are linked; %d are made", len(before), linked, made)
			owned := map[string]bool{}
			for _, a := range all {
				owned[a.id] = true
			}
			for id, e := range before {
				if !owned[id] && !maps.EqualFunc(valuesOf(e), valuesOf(after[id]), slices.Equal) {
					t.Errorf("%s is nobody's who arrives, and is %v", e.DN, after[id])
				}
			}
			if len(owned) != size || len(after) != len(before)+made {
				t.Errorf("%d accounts have %d entries; there were %d, and %d were made of which %d are left",
					size, len(owned), len(before), made, len(after)-len(before))
			}
			d.taken()
			if d.cycle(t, all, false); len(d.taken()) > 0 {
				t.Error("the second cycle writes")
			}
		})
	}
}

var blockedBy = regexp.MustCompile(`(?m)^userAccountControl: .*\n`)

// cycle asks for each account by its userName, and PATCHes what it finds or POSTs what it does not; in the first cycle half of the accounts
// are POSTed unasked.
func (d *deployment) cycle(t *testing.T, all []*arrival, first bool) {
	var workers sync.WaitGroup
	next := make(chan *arrival)
	for range 6 {
		workers.Go(func() {
			for a := range next {
				if err := d.arrive(a, first && a.n/8%2 == 1); err != nil {
					t.Error(a.userName, err)
				}
			}
		})
	}
	for _, a := range all {
		next <- a
	}
	close(next)
	workers.Wait()
}

func (d *deployment) arrive(a *arrival, unasked bool) error {
	send := func(method, path, body string, want int) (o object, err error) {
		answer, content, err := d.try(method, path, body)
		if err == nil && answer.StatusCode != want {
			err = fmt.Errorf("%s %s: %d %s\n%s", method, path, answer.StatusCode, content, body)
		}
		if err == nil {
			err = json.Unmarshal([]byte(content), &o)
		}
		return o, err
	}
	var hits []any
	if !unasked {
		list, err := send(http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "`+a.userName+`"`), "", http.StatusOK)
		if err != nil {
			return err
		}
		hits, _ = list["Resources"].([]any)
	}
	var shown object
	var err error
	switch len(hits) {
	case 0:
		shown, err = send(http.MethodPost, "/Users", a.resource(), http.StatusCreated)
	case 1:
		if shown = hits[0].(object); len(a.differs(shown)) > 0 {
			shown, err = send(http.MethodPatch, "/Users/"+shown["id"].(string), operations(a.differs(shown)...), http.StatusOK)
		}
	default:
		return fmt.Errorf("%d are found", len(hits))
	}
	if err != nil {
		return err
	}
	id := shown["id"].(string)
	if a.id == "" {
		a.id = id
	}
	if left := a.differs(shown); a.id != id || len(left) > 0 {
		return fmt.Errorf("%s, want %s; %v", id, a.id, left)
	}
	return nil
}

const (
	workMail = `emails[type eq "work"].value`
)

// all are the paths and values of the account.
func (a *arrival) all() map[string]string {
	all := maps.Clone(a.sends)
	all["userName"], all["externalId"] = a.userName, fmt.Sprintf("object-%d", a.n)
	return all
}

// resource is the account as a POST has it.
func (a *arrival) resource() string {
	name, members := map[string]string{}, object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "active": true}
	for path, v := range a.all() {
		switch sub, isName := strings.CutPrefix(path, "name."); {
		case isName:
			name[sub] = v
		case path == workMail:
			members["emails"] = []object{{"type": "work", "primary": true, "value": v}}
		default:
			members[path] = v
		}
	}
	if len(name) > 0 {
		members["name"] = name
	}
	text, _ := json.Marshal(members)
	return string(text)
}

// differs are the operations that make of what is shown what the account is.
func (a *arrival) differs(shown object) []string {
	var list []string
	for path, v := range a.all() {
		var got any
		switch sub, isName := strings.CutPrefix(path, "name."); {
		case isName:
			name, _ := shown["name"].(object)
			got = name[sub]
		case path == workMail:
			if emails, _ := shown["emails"].([]any); len(emails) == 1 {
				got = emails[0].(object)["value"]
			}
		default:
			got = shown[path]
		}
		if got != v {
			list = append(list, replace(path, strconv.Quote(v)))
		}
	}
	if shown["active"] != true {
		list = append(list, replace("active", `"True"`))
	}
	slices.Sort(list)
	return list
}

// stateOf are the entries below the people's container, by id.
func stateOf(t *testing.T, server *dirtest.Server) map[string]*ldif.Entry {
	t.Helper()
	conn := server.Connect(t)
	defer conn.Close()
	request := ldap.NewSearchRequest(server.People, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"*", server.IDAttribute}, nil)
	result, err := conn.SearchWithPaging(request, 500)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]*ldif.Entry{}
	for _, found := range result.Entries {
		e := &ldif.Entry{DN: found.DN}
		for _, a := range found.Attributes {
			e.Set(a.Name, a.Values...)
		}
		state[server.ID(e)] = e
	}
	return state
}

// valuesOf are the entry's values by attribute, in an order of their own.
func valuesOf(e *ldif.Entry) map[string][]string {
	values := map[string][]string{}
	if e == nil {
		return values
	}
	for _, a := range e.Attributes {
		values[a.Name] = slices.Sorted(slices.Values(a.Values))
	}
	values["dn"] = []string{e.DN}
	return values
}

// kept are what a domain writes with every change, and the DN in other words.
var kept = []string{"dn", "distinguishedName", "name", "uSNChanged", "whenChanged", "dSCorePropagationData"}

// unharmed says that the entry's values are what they were, but for those of what was sent, of which the one that showed may be another.
func (a *arrival) unharmed(t *testing.T, server *dirtest.Server, before, after *ldif.Entry) {
	t.Helper()
	if after == nil {
		t.Errorf("%s is gone", before.DN)
		return
	}
	sent := slices.Collect(maps.Values(a.all()))
	was, is := valuesOf(before), valuesOf(after)
	for name := range maps.Keys(is) {
		was[name] = append([]string{}, was[name]...)
	}
	for name, values := range was {
		lost := without(values, is[name])
		gained := without(is[name], values)
		switch {
		case len(lost)+len(gained) == 0 || slices.Contains(kept, name):
		case name == "objectClass" && len(lost) == 0 && len(gained) == 1 && gained[0] == "scimbridgeUser":
		case a.showed[name] != "" && !slices.Equal(lost, []string{a.showed[name]}):
			t.Errorf("%s, %s: lost %q, and %q showed", before.DN, name, lost, a.showed[name])
		case len(lost) <= 1 && len(gained) == 1 && len(without(gained, sent)) == 0:
		case len(lost) == 1 && len(gained) == 0 && name == "uid" && slices.Contains(is[name], a.userName): // was another of its values
		default:
			t.Errorf("%s, %s: lost %q and gained %q", before.DN, name, lost, gained)
		}
	}
	if !ldif.SameDN(before.DN, after.DN) && !strings.Contains(after.DN, a.userName) {
		t.Errorf("%s has become %s", before.DN, after.DN)
	}
}

// without are the values of a that b lacks.
func without[V comparable](a, b []V) []V {
	return slices.DeleteFunc(slices.Clone(a), func(v V) bool { return slices.Contains(b, v) })
}

// base64Line is a line of LDIF with a value that cannot stand as it is.
func base64Line(name, value string) string {
	return name + ":: " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"
}

// kindOf is which of eight kinds an account is: of many nine of ten are of the first six, who are to be linked.
func kindOf(n, size int) int {
	switch few := n % 20; {
	case size < 1_000:
		return n % 8
	case few < 18:
		return few % 6
	default:
		return few - 12
	}
}

// logins are the userName and the mail that SCIM shows, by LDAP attribute.
func (d *deployment) logins(t *testing.T, id string) map[string]string {
	t.Helper()
	shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id+"?attributes=userName,emails", "")
	logins := map[string]string{"uid": shown["userName"].(string)}
	if emails, _ := shown["emails"].([]any); len(emails) > 0 {
		logins["mail"] = emails[0].(object)["value"].(string)
	}
	return logins
}

// grown is one of eight kinds of account in a directory of POSIX and white pages entries.
func grown(people string, n, kind int) *arrival {
	short := fmt.Sprintf("u%04d", n)
	a := &arrival{n: n, userName: short + "@contoso.example", sends: map[string]string{"name.familyName": "Lind " + short}}
	person := map[string]string{
		"displayName": "Mara Lind " + short, "name.givenName": "Mara", "title": "Clerk", workMail: a.userName, "name.familyName": "Lind",
	}
	pages := "cn;lang-de: Mara von Lind\nsn: Lind\ndescription: one\ndescription: two\ndescription;lang-fr: trois\n" +
		"telephoneNumber: +44 1 23\ntelephoneNumber: +44  1 24\n"
	photo := base64Line("jpegPhoto", "\xff\xd8\x00\x01 "+short) + base64Line("description", " edges ")
	switch kind {
	case 0:
		a.sends = person
		a.entry = "dn: uid=" + a.userName + "," + people + "\nobjectClass: inetOrgPerson\nuid: " + a.userName + "\ncn: Mara Lind\n" +
			pages + photo + "mail: " + short + "@old.example\nmail: list@old.example\ntitle;lang-de: Leiterin\n"
	case 1: // with the bridge's class, in another case
		a.sends = person
		odd := strings.ToUpper(short) + "@CONTOSO.Example"
		a.entry = "dn: UID=" + odd + "," + people + "\nobjectclass: InetOrgPerson\nobjectClass: scimbridgeUser\nUID: " + odd +
			"\nCN: Mara\ncn: Mara Lind\n" + pages + "userAccountControl: 66048\n"
	case 2: // named otherwise, several uids
		a.entry = `dn: cn=Lind\, Mara ` + short + "," + people + "\nobjectClass: person\nobjectClass: uidObject\nuid: " + short +
			"\nuid: " + a.userName + "\ncn: Lind, Mara " + short + "\n" + pages
	case 3: // spaces behind
		a.sends["title"] = "Clerk"
		a.entry = "dn: cn=" + short + "," + people + "\nobjectClass: organizationalPerson\nobjectClass: uidObject\n" +
			base64Line("uid", a.userName+" ") + "cn: " + short + "\n" + base64Line("title", "Clerk ") + pages
	case 4:
		a.sends = map[string]string{"name.formatted": "Mara Lind"}
		a.entry = "dn: uid=" + a.userName + "," + people + "\nobjectClass: account\nobjectClass: posixAccount\nuid: " + a.userName +
			"\ncn: mara\nuidNumber: " + strconv.Itoa(10_000+n) + "\ngidNumber: 100\nhomeDirectory: /home/" + short +
			"\nloginShell: /bin/sh\ngecos: Mara,,\nhost: one\n"
	case 5: // by its mail
		a.sends = person
		a.entry = "dn: uid=" + short + "," + people + "\nobjectClass: inetOrgPerson\nuid: " + short + "\ncn: Mara Lind\n" + pages +
			photo + "mail: " + strings.ToUpper(a.userName) + "\n"
	case 6: // the mail is another's
		a.sends = person
		a.decoy = "dn: uid=other" + short + "," + people + "\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: other" + short +
			"\ncn: Other\nsn: Other\nmail: " + a.userName + "\nscimExternalId: other-" + short + "\n"
	case 7: // who left, and a thing
		a.sends = person
		a.decoy = "dn: uid=left" + short + "," + people + "\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\n" +
			"uid: 283405f5aa11bb22cc33dd44ee55ff66" + a.userName + "\nuid: left" + short + "\ncn: Left\nsn: Left\nmail: " + a.userName +
			"\nuserAccountControl: 514\n\ndn: cn=printer " + short + "," + people +
			"\nobjectClass: device\nobjectClass: extensibleObject\ncn: printer " + short + "\nmail: " + a.userName + "\n"
	}
	return a
}

// grownInADomain is grown for Active Directory.
func grownInADomain(people string, n, kind int) *arrival {
	short := fmt.Sprintf("u%04d", n)
	a := &arrival{n: n, userName: short + "@contoso.example", sends: map[string]string{
		"displayName": "Mara Lind " + short, "name.givenName": "Mara", "name.familyName": "Lind", "title": "Clerk",
		workMail: short + "@contoso.example",
	}}
	entry := func(cn, more string) string {
		return "dn: CN=" + cn + "," + people + "\nobjectClass: user\nsAMAccountName: " + short + "x\nuserAccountControl: 66048\n" +
			"unicodePwd:: IgBQAGEAcwBzAHcAMAByAGQALQBzAHQAYQByAHQALQAxACIA\notherTelephone: +44 1 23\notherTelephone: +44  1 24\n" +
			"description: one\n" + base64Line("thumbnailPhoto", "\xff\xd8\x00\x01 "+short) + base64Line("wWWHomePage", " edges ") + more
	}
	odd := strings.ToUpper(short) + "@CONTOSO.Example"
	switch kind {
	case 0:
		a.entry = entry("Mara "+short, "userPrincipalName: "+a.userName+"\nmail: "+short+"@old.example\n")
	case 1:
		a.entry = entry("Mara "+short, "userPrincipalName: "+odd+"\n")
	case 2:
		a.entry = entry(`Lind\, Mara `+short, "mail: "+a.userName+"\n")
	case 3:
		a.entry = entry("Mara "+short, "mail: "+odd+"\nuserPrincipalName: "+short+"@old.example\n"+base64Line("title", "Clerk "))
	case 4:
		a.entry = strings.Replace(entry("Mara "+short, "userPrincipalName: "+a.userName+"\n"), ": user\n", ": inetOrgPerson\n", 1)
	case 5:
		a.entry = entry("Mara "+short, "userPrincipalName: "+a.userName+"\n"+base64Line("displayName", "Mara Lind "+short+" "))
	case 6:
		a.decoy = entry("Other "+short, "mail: "+a.userName+"\nemployeeNumber: other-"+short+"\n")
	case 7:
		a.decoy = entry("Left "+short, "mail: "+a.userName+"\nuserPrincipalName: 283405f5aa11bb22cc33dd44ee55ff66"+a.userName+"\n")
	}
	return a
}
