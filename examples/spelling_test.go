package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
)

// TestOneNameHoweverItIsWritten: composed or decomposed, wide or narrow, with one space or two, a name is one account's, and every way to
// write it finds that account, whether or not the server takes them for one.
func TestOneNameHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			start := s.start
			if s.name == "389ds" {
				start = func(t testing.TB) *dirtest.Server {
					return dirtest.DS389(t, ds389Schema, dirtest.WithoutSevenBitCheck())
				}
			}
			d := deploy(t, start(t))
			for _, c := range []struct {
				held, other string
				composed    bool // where the server does not compare so itself, a plain name does not find the odd one
			}{
				{held: "jos\u00e9", other: "jose\u0301"},
				{held: "rene\u0301", other: "RENÉ"},
				{held: "mara  lind", other: "mara lind"},
				{held: "ivo lind", other: "ivo   LIND"},
				{held: "anna", other: "ａｎｎａ"},
				{held: "noor", other: "ＮＯＯＲ"},
				{held: "σας", other: "ΣΑΣ"},
				{held: "ΟΔΗΓΌΣ", other: "οδηγός"},
				{held: "ｆｉｎｎ", other: "finn", composed: true},
			} {
				held, other := c.held+"@contoso.example", c.other+"@contoso.example"
				id := d.user(t, held)
				crew := d.group(t, "crew of "+c.held, id)
				if c.composed && !d.server.ComposesNames {
					d.matches(t, held, id)
					continue
				}
				answer := d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"`+other+`"`))
				if detail, _ := answer["detail"].(string); !strings.Contains(detail, id) {
					t.Errorf("%+q beside %+q: %v", other, held, answer)
				}
				d.matches(t, held, id)
				d.matches(t, other, id)
				for op, part := range map[string]string{"sw": c.other + "@", "co": c.other} {
					if found := d.found(t, "/Users", fmt.Sprintf(`userName %s "%s"`, op, part)); len(found) != 1 || found[0]["id"] != id {
						t.Errorf("%s %+q finds %v", op, part, found)
					}
				}
				third := d.user(t, "third@contoso.example")
				d.want(t, http.StatusConflict, http.MethodPatch, "/Users/"+third, operations(replace("userName", `"`+other+`"`)))
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+third, "")
				tombstone := "283405f5aa11bb22cc33dd44ee55ff66" + other
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("userName", `"`+tombstone+`"`)))
				if login := d.state(t, id).login; login != held {
					t.Errorf("the tombstone %+q over %+q leaves %+q", tombstone, held, login)
				}
				d.matches(t, held, "")
				d.matches(t, other, "")
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("userName", `"`+other+`"`)))
				if shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")["userName"]; shown != other {
					t.Errorf("%+q was written, and %+q shows", other, shown)
				}
				if d.members(t, crew)[id] != 1 {
					t.Errorf("%+q, now %+q, is in no group any more", held, other)
				}
			}
			d.user(t, "ibrahim")
			d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"İbrahim"`))
			group := d.group(t, "Caf\u00e9")
			d.want(t, http.StatusConflict, http.MethodPost, "/Groups", resource("/Groups", `"displayName":"Cafe`+"\u0301"+`"`))
			if found := d.found(t, "/Groups", `displayName eq "CAFE`+"\u0301"+`"`); len(found) != 1 || found[0]["id"] != group {
				t.Errorf("the group: %v", found)
			}
			post := func(bulkID, name string) string {
				return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%s","data":{"userName":"%s@contoso.example"}}`, bulkID, name)
			}
			d.statuses(t, "at once", "201 409", post("one", "zo\u00eb"), post("two", "zoe\u0308"))
			// What SCIM compares to the letter is found to the letter.
			d.create(t, "/Users", `"userName":"ext@contoso.example","externalId":"jos`+"\u00e9"+`"`)
			for id, want := range map[string]int{"jos\u00e9": 1, "jose\u0301": 0, "JOS\u00c9": 0} {
				if found := d.found(t, "/Users", `externalId eq "`+id+`"`); len(found) != want {
					t.Errorf("externalId %+q finds %v", id, found)
				}
			}
		})
	}
}

// TestRenameInCaseAlone: whether two names that differ in the case of a letter are one is the server's to say, and 389 Directory Server
// says so of fewer letters than others. Whoever is renamed so stays a member and a manager, and is neither any more once deleted.
func TestRenameInCaseAlone(t *testing.T) {
	t.Parallel()
	server := dirtest.DS389(t, ds389Schema, dirtest.WithoutSevenBitCheck())
	for i, c := range []struct {
		from, to string
		one      bool // name, to the server
	}{
		{from: "ibrahim", to: "İbrahim"},
		{from: "İbrahim", to: "ibrahim"},
		{from: "kelvin", to: "\u212aelvin"},
		{from: "\u0219tefan", to: "\u0218tefan"},            // a comma below
		{from: "\u015ftefan", to: "\u015etefan", one: true}, // a cedilla
		{from: "jörg", to: "JÖRG", one: true},
		{from: "anna", to: "Anna", one: true},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			d := deploy(t, server)
			user, colleague := d.user(t, c.from), d.user(t, fmt.Sprint("colleague", i))
			report, group := d.user(t, fmt.Sprint("report", i)), d.group(t, fmt.Sprint("crew", i), user, colleague)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+user+`"`)))
			held := func() (values []string) {
				values = server.Entry(t, fmt.Sprintf("uid=report%d,%s", i, server.People)).Values("manager")
				return append(values, server.Entry(t, fmt.Sprintf("cn=crew%d,%s", i, server.Groups)).Values("member")...)
			}
			before := held()
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("userName", `"`+c.to+`"`)))
			manager, _ := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+report, "")[enterpriseURN].(object)
			if d.members(t, group)[user] != 1 || fmt.Sprint(manager["manager"]) == "<nil>" {
				t.Errorf("lost: the entries hold %+q", held())
			}
			if slices.Equal(before, held()) != c.one {
				t.Errorf("the entries hold %+q", held())
			}
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+user, "")
			if left := held(); len(left) != 1 {
				t.Errorf("deleted, and the entries hold %+q", left)
			}
		})
	}
}

// TestBaseHoweverItIsWritten: where the server takes two spellings for one name, the base of a type may be written in either.
func TestBaseHoweverItIsWritten(t *testing.T) {
	server := dirtest.OpenLDAP(t, dirtest.Schema(examples.OpenLDAPSchema), dirtest.WithoutRefint())
	ou := "ou=Zoe\u0308," + server.Suffix
	server.Load(t, "dn: "+ou+"\nobjectClass: organizationalUnit\n")
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_BASE=ou=Zo\u00eb,"+server.Suffix)
	id := d.user(t, "anna@contoso.example")
	d.matches(t, "anna@contoso.example", id)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
	if group := d.group(t, "Crew", id); d.members(t, group)[id] != 1 {
		t.Error("the member does not show")
	}
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
}

// TestStrayHoweverItIsWritten: a member that is no resource stays in a group that is given other members, in whichever spelling the group
// has its name.
func TestStrayHoweverItIsWritten(t *testing.T) {
	server := dirtest.OpenLDAP(t, dirtest.Schema(examples.OpenLDAPSchema), dirtest.WithoutRefint())
	server.Load(t, "dn: cn=rene\u0301,"+server.People+"\nobjectClass: organizationalRole\n")
	d := deploy(t, server)
	user := d.user(t, "anna@contoso.example")
	group := d.group(t, "Crew", user)
	stray := "cn=ren\u00e9," + server.People
	modify(t, server, d.entry(t, group).DN, "member", d.entry(t, user).DN, stray)
	d.want(t, http.StatusOK, http.MethodPut, "/Groups/"+group, resource("/Groups", `"displayName":"Crew","members":`+values(user)))
	if held := d.held(t, group); !slices.Contains(held, stray) {
		t.Errorf("the group holds %+q", held)
	}
}
