package examples_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/access"
	"scimbridge/bridge/inspect/preview"
)

// row adds a user of the client with what is said of it, as column=value.
func (c *company) row(upn string, more ...string) {
	r := make([]string, len(userColumns))
	said := []string{"userPrincipalName=" + upn, "surname=Lind", "givenName=Mara", "accountEnabled=True", fmt.Sprint("id=", len(c.users))}
	for _, m := range append(said, more...) {
		name, value, _ := strings.Cut(m, "=")
		r[slices.Index(userColumns, name)] = value
	}
	c.users = append(c.users, r)
}

// TestPreviewOfOddRows: a preview foretells what becomes of rows that have to do with one another, and of values that servers compare, or
// refuse, each in their own way.
func TestPreviewOfOddRows(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			c := &company{server: server, is: ofPeople}
			if s.name == "active-directory" {
				c.is = ofDomain
			}
			d := deploy(t, server, previewed(server)...)
			c.entry("ou=board,"+server.People, "organizationalUnit", "ou: board")
			c.oddPeople(s.name != "389ds") // whose plug-in 7-bit check takes no other letters in uid
			c.oddGroups()
			server.Load(t, c.ldif.String())
			o := preview.Options{
				Users: table(t, "users.csv", ';', userColumns, c.users), Groups: table(t, "groups.csv", ',', groupColumns, c.groups),
			}
			would, err := preview.Run(t.Context(), d.front.Cycle(access.Caller{Name: "preview"}), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			d.received()
			did, err := preview.Run(t.Context(), real{d, t}, o, nil)
			if err != nil {
				t.Fatal(err)
			}
			all := slices.Concat(did.Users, did.Groups)
			for i, l := range slices.Concat(would.Users, would.Groups) {
				if diff := cmp.Diff(c.tellOf(all[i]), c.tellOf(l)); diff != "" {
					t.Errorf("row %d, %s: %s, foretold %s %s: (-done +foretold)\n%s", l.Row, l.Name, all[i].Outcome, l.Outcome, l.Why, diff)
				}
			}
		})
	}
}

func (c *company) oddPeople(letters bool) {
	const at = "@contoso.example"
	id := c.is.externalID
	c.has("back1"+at, "", id+"back1") // names that pass from one to the other
	c.has("back2"+at, "", id+"back2")
	c.row("back3"+at, "id=back2")
	c.row("back2"+at, "id=back1")
	c.has("Case1"+at, "", id+"case1")
	c.row("cASE1"+at, "id=case1")
	c.row("new.case" + at)
	c.row("NEW.case" + at)
	c.row("sp  ace" + at)
	c.row("sp ace" + at)
	c.row("trail"+at+" ", "displayName= Lead Trail ", "jobTitle=Clerk  ")
	c.row("trail" + at)
	c.row("#hash,plus+quote\"eq=semi;lt<gt>back\\slash*paren()" + at)
	if letters {
		c.row("\u00e5sa" + at)
		c.row("a\u030asa" + at)
		c.row("stra\u00dfe" + at)
		c.row("strasse" + at)
		c.row("e\u0301tienne"+at, "displayName=E\u0301tienne", "jobTitle=Che\u0301f")
	}
	c.row("mail"+at, "mail=j\u00f6rg"+at) // of no syntax that OpenLDAP and 389 Directory Server have for it
	c.row("phone"+at, "telephoneNumber=08 123, ask for Bo!")
	c.row("number1"+at, "employeeId=0815")
	c.row("number2"+at, "employeeId=08 15")
	c.row("number3"+at, "employeeId= 0815 ")
	c.row("m1"+at, "id=m1", "manager=m2") // managed in a circle, and each by somebody in a row further down
	c.row("m2"+at, "id=m2", "manager=m3"+at)
	c.row("m3"+at, "id=m3", "manager=m1")
	c.row("m4"+at, "id=m4", "manager=m4")
	c.has("boss-old", "", id+"boss", c.is.mail+"boss"+at)
	c.row("m5"+at, "manager=boss")
	c.row("boss"+at, "id=boss", "mail=boss"+at)
	c.has("leaver"+at, "", id+"leaver", map[bool]string{true: "info: ", false: "scimUserName: "}[c.is.own]+
		strings.Repeat("0123456789abcdef", 2)+"leaver"+at)
	c.row("leaver"+at, "id=leaver2")
	c.has("chief"+at, "ou=board,", c.is.mail+"chief"+at, c.is.number+"9001")
	c.row("other.chief"+at, "employeeId=9001")
	c.row("x", "mail=chief"+at)
	c.row("guest_fabrikam.example#EXT#"+at, "mail=guest@fabrikam.example")
	c.row("guest_fabrikam.example")
}

func (c *company) oddGroups() {
	class, more := "groupOfNames", "member: cn=nobody"
	if c.is.own {
		class, more = "group", "sAMAccountName: Old Team"
	}
	c.entry("cn=Old Team,"+c.server.Groups, class, "cn: Old Team", more)
	for i, name := range []string{"old team", "New Team", "new team", "Te\u0301am", "T\u00e9am", "Comma, \"Quote\" + #"} {
		c.groups = append(c.groups, []string{fmt.Sprint("t", i), name, "", "Security", "m1;M1;boss;7;nobody;t0"})
	}
}
