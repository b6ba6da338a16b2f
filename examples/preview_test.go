package examples_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/access"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/inspect/preview"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// real has the requests of a preview done.
type real struct {
	d *deployment
	t testing.TB
}

func (r real) Ask(_ context.Context, q preview.Request) (a preview.Answer, err error) {
	answer, content, err := r.d.try(q.Method, q.Target, string(q.Body))
	if err != nil {
		return a, err
	}
	a.Status, a.Body = answer.StatusCode, []byte(content)
	for _, receipt := range r.d.received() {
		a.Plans = append(a.Plans, preview.DoneBy(receipt))
	}
	return a, nil
}

// company is a directory that was there before, and what the client has of it.
type company struct {
	server *dirtest.Server
	is     dialect
	ldif   strings.Builder
	users  [][]string
	groups [][]string
	kinds  map[string]preview.Outcome // by userName: what becomes of who is of a kind that is made for one
}

var (
	userColumns = []string{
		"userPrincipalName", "displayName", "surname", "mail", "givenName", "id", "userType", "jobTitle", "department", "accountEnabled",
		"usageLocation", "officeLocation", "telephoneNumber", "employeeId", "manager", "costCentre",
	}
	groupColumns = []string{"id", "displayName", "description", "groupType", "members"}
)

func (c *company) entry(dn, class string, lines ...string) {
	fmt.Fprintf(&c.ldif, "dn: %s\nobjectClass: %s\n%s\n\n", dn, class, strings.Join(lines, "\n"))
}

// person adds the n-th user of the client, and whom the directory has for it.
func (c *company) person(n int) {
	name := fmt.Sprintf("p%d", n)
	upn, mail, number := name+"@contoso.example", name+"@contoso.example", fmt.Sprint(70000+n)
	family, manager, enabled := fmt.Sprint("Lind", n), "", "True"
	if n > 20 {
		manager = fmt.Sprintf("p%d@contoso.example", n-n%20)
	}
	is := c.is
	outcome := preview.Created
	switch n % 25 {
	case 0: // found by its name, and as it is to be but for the externalId
		c.has(upn, "", is.mail+mail, "title: Clerk")
		outcome = preview.Linked
	case 1: // found by its mail, and renamed
		c.has(name, "", is.mail+mail, "description: found")
		outcome = preview.Linked
	case 2: // the same, and disabled
		c.has(name, "", is.mail+mail)
		outcome, enabled = preview.Linked, "False"
	case 3: // as it is to be
		c.has(upn, "", "sn: "+family, "givenName: Mara", "displayName: "+name, is.externalID+"object-"+fmt.Sprint(n), is.mail+mail,
			"title: Clerk", is.department+"Sales", is.number+number, is.fullName+"Mara "+family)
		outcome, manager = preview.Unchanged, ""
	case 4: // two have the mail
		c.has(name, "", is.mail+mail)
		c.has(name+"-b", "", is.mail+mail)
		outcome = preview.Ambiguous
	case 5: // somebody else has the employeeNumber
		c.has("owned-"+name, "", is.externalID+"another-"+name, is.number+number)
		outcome = preview.Taken
	case 6: // one who is none of the map's has the name
		c.has(upn, "", "employeeType: service")
		outcome = preview.OutOfScope
	case 7: // whom nobody may change
		c.has(upn, "ou=board,")
		outcome = preview.Protected
	case 8: // disabled, and not there
		outcome, enabled = preview.Skipped, "False"
	case 9: // a later row has the name too
		upn = fmt.Sprintf("p%d@contoso.example", n+5)
	case 14: // and is too late
		outcome = preview.Ambiguous
	case 10: // the map demands a surname
		if family = ""; is.demands {
			outcome = preview.Refused
		}
	case 11: // linked by its number, under another name
		c.has("old-"+name, "", is.number+number, is.mail+"old-"+name+"@contoso.example")
		outcome = preview.Linked
	case 12:
		upn = fmt.Sprintf("guest%d_fabrikam.example#EXT#@contoso.onmicrosoft.example", n)
	}
	c.kinds[fmt.Sprint(n)] = outcome
	c.users = append(c.users, []string{
		upn, name, family, mail, "Mara", fmt.Sprint("object-", n), "Member", "Clerk", "Sales", enabled, "SE", "", "", number, manager,
		"CC" + name,
	})
}

// dialect is how a kind of server has people: the beginnings of lines of LDIF.
type dialect struct {
	externalID, mail, number, department, fullName string

	demands bool // the map demands a surname
	own     bool // the server adds what nobody foresees: only what the map names is looked at
}

var (
	ofPeople = dialect{"scimExternalId: ", "mail: ", "employeeNumber: ", "departmentNumber: ", "cn: ", true, false}
	ofDomain = dialect{"employeeNumber: ", "mail: ", "employeeID: ", "department: ", "comment: ", false, true}
)

// has adds an entry of a person that the directory has, with what is said of it.
func (c *company) has(login, place string, lines ...string) {
	if c.is.own {
		short, _, _ := strings.Cut(login, "@")
		c.entry("CN=Found "+short+","+place+c.server.People, "user", append([]string{
			"sAMAccountName: f-" + short, "userPrincipalName: " + login, "userAccountControl: 512",
			"unicodePwd:: IgBQAGEAcwBzAHcAMAByAGQALQBzAHQAYQByAHQALQAxACIA",
		}, lines...)...)
		return
	}
	defaults := []string{"uid: " + login}
	for _, name := range []string{"cn: ", "sn: "} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, name) }) {
			defaults = append(defaults, name+"Lind")
		}
	}
	if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, c.is.externalID) }) {
		defaults = append(defaults, "objectClass: scimbridgeUser")
	}
	c.entry("uid="+login+","+place+c.server.People, "inetOrgPerson", append(defaults, lines...)...)
}

// team adds the n-th group.
func (c *company) team(n, people int) {
	name, groups := fmt.Sprint("Team ", n), c.server.Groups
	class, more := "groupOfNames", "member: uid=p3@contoso.example,"+c.server.People
	if c.is.own {
		class, more = "group", "member: CN=Found p3,"+c.server.People+"\nsAMAccountName: "+name
	}
	switch n % 5 {
	case 0: // there, with one who is to be in it
		c.entry("cn="+name+","+groups, class, "cn: "+name, more)
	case 1:
		c.entry("cn="+name+",ou=board,"+groups, class, "cn: "+name, more)
	}
	var members []string
	for k := range min(60, people) {
		members = append(members, c.users[(n*37+k*7)%people][5])
	}
	c.groups = append(c.groups, []string{fmt.Sprint("group-", n), name, "", "Security", strings.Join(members, ";")})
}

// table is the rows as a CSV file.
func table(t testing.TB, name string, separator rune, columns []string, rows [][]string) *preview.Table {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator, true
	if err := w.WriteAll(append([][]string{columns}, rows...)); err != nil {
		t.Fatal(err)
	}
	read, err := preview.ReadTable(name, &b)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// previewed is the map of the tests: keys, a scope, a number that no two share, a surname that is demanded, and who is protected.
func previewed(server *dirtest.Server) []string {
	return append(slices.Clone(matching),
		"SCIMBRIDGE_RESOURCES_0_FILTER=(!(employeeType=service))",
		"SCIMBRIDGE_RESOURCES_0_UNIQUE_0=userName",
		"SCIMBRIDGE_RESOURCES_0_UNIQUE_1=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
		"SCIMBRIDGE_GUARD_PROTECTED_0=ou=board,"+server.People,
		"SCIMBRIDGE_GUARD_PROTECTED_1=ou=board,"+server.Groups,
	)
}

// TestPreview: what a preview foretells of the first cycle over a directory that has been there for long is what the cycle then does:
// row by row the outcome and the changes, and entry by entry what the directory comes to hold. SCIMBRIDGE_TEST_USERS is another number of
// users in OpenLDAP: `make preview` has 5,000.
func TestPreview(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			size := 30
			if s.name == "openldap" {
				size = dirtest.Number(t, "SCIMBRIDGE_TEST_USERS", size)
			}
			server := s.start(t)
			c := &company{server: server, is: ofPeople, kinds: map[string]preview.Outcome{}}
			more := []string{"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_5_EMPTY=preferredLanguage"} // which nobody has
			if s.name == "active-directory" {                                               // slowly
				c.is, more = ofDomain, []string{"SCIMBRIDGE_RESOURCES_0_RENAME=never"}
			}
			d := deploy(t, server, append(previewed(server), more...)...)
			c.entry("ou=board,"+server.People, "organizationalUnit", "ou: board")
			c.entry("ou=board,"+server.Groups, "organizationalUnit", "ou: board")
			for n := range size {
				c.person(n)
			}
			for n := range max(size/50, 5) {
				c.team(n, size)
			}
			server.Load(t, c.ldif.String())
			foretells(t, d, c)
		})
	}
}

// foretells holds a preview to what the cycle does, and what it finds to what is there afterwards.
func foretells(t *testing.T, d *deployment, c *company) {
	o := preview.Options{
		Users: table(t, "users.csv", ';', userColumns, c.users), Groups: table(t, "groups.csv", ',', groupColumns, c.groups),
	}
	before := c.state(t)
	begun := time.Now()
	would, err := preview.Run(t.Context(), d.front.Cycle(access.Caller{Name: "preview"}), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	if diff := cmp.Diff(before, c.state(t)); diff != "" {
		t.Fatal("the preview writes:", diff)
	}
	d.received()
	begun = time.Now()
	did, err := preview.Run(t.Context(), real{d, t}, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("foretold in %s, done in %s: %v %v", took, time.Since(begun), preview.Sums(would.Users), preview.Sums(would.Groups))
	for i, l := range would.Users {
		if want := c.kinds[strings.TrimPrefix(c.users[i][5], "object-")]; l.Outcome != want {
			t.Errorf("row %d, %s: %s, want %s: %s", l.Row, l.Name, l.Outcome, want, l.Why)
		}
	}
	wrong := 0
	all := slices.Concat(did.Users, did.Groups)
	for i, l := range slices.Concat(would.Users, would.Groups) {
		really := all[i]
		if diff := cmp.Diff(c.tellOf(really), c.tellOf(l)); diff != "" && wrong < 5 {
			wrong++
			t.Errorf("row %d, %s: (-done +foretold)\n%s", l.Row, l.Name, diff)
		}
	}
	expected := maps.Clone(before)
	for _, l := range slices.Concat(would.Users, would.Groups) {
		for _, change := range l.Changes {
			at := ldif.NormalDN(change.DN)
			e := ldif.Apply(expected[at], change, nil)
			if delete(expected, at); e != nil {
				expected[ldif.NormalDN(e.DN)] = e
			}
		}
	}
	wrong = 0
	after := c.state(t)
	for dn := range maps.Keys(after) {
		if diff := cmp.Diff(c.compared(after[dn], after), c.compared(expected[dn], after)); diff != "" && wrong < 5 {
			wrong++
			t.Errorf("%s: (-there +foretold)\n%s", dn, diff)
		}
	}
	if len(after) != len(expected) {
		t.Errorf("%d entries are there, %d foretold", len(after), len(expected))
	}
}

// compared are the values of an entry that a preview may foretell: of references the DN, whatever names it.
func (c *company) compared(e *ldif.Entry, all map[string]*ldif.Entry) map[string][]string {
	values := valuesOf(e)
	if c.is.own {
		maps.DeleteFunc(values, func(name string, _ []string) bool { return !slices.Contains(ofAccounts, name) })
	}
	delete(values, "nsAccountLock")     // which 389 Directory Server shows when it is asked for
	if c.server.Kind != ldif.OpenLDAP { // which adds the classes above those that are said
		values["objectClass"] = slices.DeleteFunc(values["objectClass"], func(class string) bool {
			return c.is.own || slices.Contains([]string{"top", "person", "organizationalPerson"}, class)
		})
	}
	for i, dn := range values["dn"] {
		values["dn"][i] = ldif.NormalDN(dn)
	}
	for _, name := range references {
		for i, v := range values[name] {
			if id, byID := c.server.IDNamed(v); byID {
				for _, other := range all {
					if strings.EqualFold(c.server.ID(other), id) {
						v = other.DN
					}
				}
			}
			values[name][i] = ldif.NormalDN(v)
		}
		slices.Sort(values[name])
	}
	return values
}

// ofAccounts are what the map of a domain names, and dn.
var ofAccounts = strings.Fields("dn userPrincipalName sAMAccountName employeeNumber displayName sn givenName title mail employeeID " +
	"department manager userAccountControl member info description")

// references are the attributes of the maps that name other entries.
var references = []string{"member", "manager"}

// tellOf is what a line says that a client can know, and what is changed, with no condition.
func (c *company) tellOf(l preview.Line) string {
	text := fmt.Sprintf("%d %t\n", l.Answer, l.Outcome.IsOpen())
	for _, change := range l.Changes {
		change.If, change.DN = ldif.Condition{}, ldif.NormalDN(change.DN)
		change.Mods = slices.Clone(change.Mods)
		for i, m := range change.Mods {
			switch {
			case !slices.Contains(references, m.Name):
			case c.is.own: // by an id that is another by then
				change.Mods[i].Values = slices.Repeat([]string{"a name"}, len(m.Values))
			default: // however the server escapes it
				change.Mods[i].Values = slices.Clone(m.Values)
				for k, dn := range m.Values {
					change.Mods[i].Values[k] = ldif.NormalDN(dn)
				}
			}
		}
		text += change.String() + "\n"
	}
	return text
}

func (c *company) state(t testing.TB) map[string]*ldif.Entry {
	t.Helper()
	state := map[string]*ldif.Entry{}
	for _, base := range []string{c.server.People, c.server.Groups} {
		for _, e := range c.server.Entries(t, base) {
			state[ldif.NormalDN(e.DN)] = e
		}
	}
	return state
}

// TestPreviewHolds: what guard.limits would hold of a cycle is what they hold of it, row by row.
func TestPreviewHolds(t *testing.T) {
	const people, most = 30, 12
	server := memory(t)
	d := deployWith(t, server, "\nguard:\n  limits:\n    - {effect: blocked, type: User, most: 40, of: 40%}\n",
		stored(t, storetest.SQLite(t))...)
	c := &company{server: server, is: ofPeople}
	for n := range people {
		login := fmt.Sprintf("p%d@contoso.example", n)
		c.has(login, "", c.is.externalID+fmt.Sprint("object-", n), "userAccountControl: 512")
		enabled := map[bool]string{true: "True", false: "False"}[n%10 == 0]
		c.users = append(c.users, []string{
			login, login, "Lind", "", "", fmt.Sprint("object-", n), "Member", "", "", enabled, "", "", "", "", "", "",
		})
	}
	server.Load(t, c.ldif.String())
	o := preview.Options{Users: table(t, "users.csv", ',', userColumns, c.users)}
	cycle := d.front.Cycle(access.Caller{Name: "preview"})
	would, err := preview.Run(t.Context(), cycle, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	did, err := preview.Run(t.Context(), real{d, t}, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range would.Users {
		if diff := cmp.Diff(c.tellOf(did.Users[i]), c.tellOf(l)); diff != "" {
			t.Errorf("row %d: (-done +foretold)\n%s", l.Row, diff)
		}
	}
	sums := preview.Sums(would.Users)
	if sums[preview.Held] != people-people/10-most || len(cycle.Holds()) != 1 || cycle.Unsure != nil {
		t.Errorf("%v, %q, %v", sums, cycle.Holds(), cycle.Unsure)
	}
}
