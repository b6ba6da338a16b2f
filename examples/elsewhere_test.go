package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// refers says by which of the attributes the entry at the DN refers to target.
func refers(t *testing.T, server *dirtest.Server, dn, target string) string {
	t.Helper()
	var by []string
	for _, name := range []string{"member", "uniqueMember", "owner", "seeAlso"} {
		same := func(v string) bool { return ldif.SameDN(v, target) }
		if slices.ContainsFunc(server.Entry(t, dn).Values(name), same) {
			by = append(by, name)
		}
	}
	return strings.Join(by, " ")
}

// TestReferencesElsewhere: below the bases that the configuration names what refers to a user follows it, by the attributes of the map and
// those that are named; below others, and by others, nothing does.
func TestReferencesElsewhere(t *testing.T) {
	t.Parallel()
	for _, keeper := range keepers {
		if !slices.Contains([]string{"openldap without refint", "389ds", "memory"}, keeper.name) {
			continue // the server sees to it itself
		}
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			server := keeper.start(t)
			apps, other := "ou=apps,"+server.Suffix, "ou=other,"+server.Suffix
			server.Load(t, "dn: "+apps+"\nobjectClass: organizationalUnit\n\ndn: "+other+"\nobjectClass: organizationalUnit\n")
			d := deploy(t, server, "SCIMBRIDGE_REFERENCES_BASES_0="+apps, "SCIMBRIDGE_REFERENCES_ATTRIBUTES=uniqueMember,owner")
			id := d.user(t, "anna@contoso.example")
			anna := d.entry(t, id).DN
			alone, crm, owned, unique, foreign := "cn=alone,"+apps, "cn=crm,"+apps, "cn=owned,"+apps, "cn=unique,"+apps, "cn=foreign,"+other
			text := ""
			for _, dn := range []string{alone, crm, owned, foreign} {
				text += fmt.Sprintf("dn: %s\nobjectClass: groupOfNames\ndescription: Kept\n", dn)
				if dn != owned {
					text += "member: " + anna + "\n"
				}
				if dn != alone {
					text += "member: cn=somebody\n"
				}
				if dn == owned {
					text += "owner: " + anna + "\nseeAlso: " + anna + "\n"
				}
				text += "\n"
			}
			server.Load(t, text+"dn: "+unique+"\nobjectClass: groupOfUniqueNames\nuniqueMember: "+anna+"\nowner: "+anna+"\n")
			want := func(target string, by ...string) {
				t.Helper()
				for i, dn := range []string{alone, crm, owned, unique, foreign} {
					if got := refers(t, server, dn, target); got != by[i] {
						t.Errorf("%s refers to %s by %q, want %q", dn, target, got, by[i])
					}
				}
			}
			want(anna, "member", "member", "owner seeAlso", "uniqueMember owner", "member")

			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("userName", `"mara@contoso.example"`)))
			mara := d.entry(t, id).DN
			want(anna, "", "", "seeAlso", "", "member")
			want(mara, "member", "member", "owner", "uniqueMember owner", "")

			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("userName", `"283405f5aa11bb22cc33dd44ee55ff66mara@contoso.example"`), replace("active", `"False"`)))
			newcomer := d.user(t, "mara@contoso.example")
			if got := d.entry(t, newcomer).DN; !ldif.SameDN(got, mara) {
				t.Fatalf("the newcomer is at %s", got)
			}
			want(mara, "", "", "", "", "")
			leaver := d.entry(t, id).DN
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
			want(leaver, "", "", "", "", "")
			if got := server.Entry(t, alone).Values("member"); !slices.Equal(got, []string{"cn=no-member"}) && len(got) > 0 {
				t.Errorf("nobody is left, and the group holds %q", got)
			}

			next := "uid=next@contoso.example," + server.People
			server.Load(t, "dn: cn=left over,"+apps+"\nobjectClass: groupOfNames\nmember: "+next+"\nmember: cn=somebody\n")
			d.user(t, "next@contoso.example")
			if by := refers(t, server, "cn=left over,"+apps, next); by != "" {
				t.Errorf("the newcomer inherits %s", by)
			}
			if got := server.Entry(t, crm).Value("description"); got != "Kept" {
				t.Errorf("description %q", got)
			}
		})
	}
}

// TestOwnerAndMember: of a user who owns one group, is a member of another and both of a third, each reference follows a rename.
func TestOwnerAndMember(t *testing.T) {
	for _, start := range []func(t testing.TB) *dirtest.Server{
		memory, func(t testing.TB) *dirtest.Server {
			return openLDAP(t, dirtest.WithoutRefint())
		},
	} {
		server := start(t)
		d := deploy(t, server, "SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_2_SCIM=urn:example:2.0:Group:owner",
			"SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_2_LDAP=owner", "SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_2_REFERENCE=User")
		id := d.user(t, "anna@contoso.example")
		groups := []string{d.group(t, "Owned"), d.group(t, "Joined", id), d.group(t, "Both", id)}
		by := []string{"owner", "member", "member owner"}
		for _, i := range []int{0, 2} {
			modify(t, server, d.entry(t, groups[i]).DN, "owner", d.entry(t, id).DN)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("userName", `"mara@contoso.example"`)))
		for i, group := range groups {
			if got := refers(t, server, d.entry(t, group).DN, d.entry(t, id).DN); got != by[i] {
				t.Errorf("by %q, want %q", got, by[i])
			}
		}
	}
}

// TestElsewhereIsEverywhere: a base may hold the map's own: what is no resource there follows, and resources by what their map does not
// name.
func TestElsewhereIsEverywhere(t *testing.T) {
	for _, start := range []func(t testing.TB) *dirtest.Server{
		func(t testing.TB) *dirtest.Server {
			return dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
		},
		func(t testing.TB) *dirtest.Server {
			return openLDAP(t, dirtest.WithoutRefint())
		},
	} {
		server := start(t)
		d := deploy(t, server,
			"SCIMBRIDGE_REFERENCES_BASES_0="+server.Suffix, "SCIMBRIDGE_REFERENCES_ATTRIBUTES=owner,seeAlso,uniqueMember")
		id, report := d.user(t, "anna@contoso.example"), d.user(t, "report@contoso.example")
		group := d.group(t, "Both", id)
		anna, mapped, unmapped := d.entry(t, id).DN, d.entry(t, group).DN, "cn=unmapped,"+server.Groups
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+id+`"`)))
		modify(t, server, mapped, "owner", anna)
		modify(t, server, anna, "seeAlso", anna)
		server.Load(t, "dn: "+unmapped+"\nobjectClass: groupOfUniqueNames\nuniqueMember: "+anna+"\n")

		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("userName", `"mara@contoso.example"`)))
		mara := d.entry(t, id).DN
		for dn, by := range map[string]string{mapped: "member owner", unmapped: "uniqueMember", mara: "seeAlso"} {
			if got, old := refers(t, server, dn, mara), refers(t, server, dn, anna); got != by || old != "" {
				t.Errorf("%s refers by %q and to the old name by %q, want %q", dn, got, old, by)
			}
		}
		if got := d.managerOf(t, report); got != id {
			t.Errorf("the manager shows as %q", got)
		}
		d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
		for _, dn := range []string{mapped, unmapped} {
			if got := refers(t, server, dn, mara); got != "" {
				t.Errorf("%s refers to the deleted by %q", dn, got)
			}
		}
		if got := d.entry(t, report).Value("manager"); got != "" {
			t.Errorf("the manager's entry is gone, and the report holds %s", got)
		}
	}
}

// TestElsewhereIsMissing: a base that cannot be seen is no base without references.
func TestElsewhereIsMissing(t *testing.T) {
	server := memory(t)
	d := deploy(t, server, "SCIMBRIDGE_REFERENCES_BASES_0=ou=nowhere,"+server.Suffix)
	d.want(t, http.StatusServiceUnavailable, http.MethodGet, "/Users", "")
}

// TestElsewhereIsGivenBack: what a delete or a rename that the directory refuses has done to a group elsewhere is put right, under
// whichever name another has given the user meanwhile.
func TestElsewhereIsGivenBack(t *testing.T) {
	for _, op := range []string{"delete", "modrdn"} {
		for _, meanwhile := range []bool{false, true} {
			t.Run(fmt.Sprint(op, ", renamed by another: ", meanwhile), func(t *testing.T) {
				server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
				apps, crm := "ou=apps,"+server.Suffix, "cn=crm,ou=apps,"+server.Suffix
				server.Load(t, "dn: "+apps+"\nobjectClass: organizationalUnit\nou: apps\n")
				d := deploy(t, server, "SCIMBRIDGE_REFERENCES_BASES_0="+apps)
				id := d.user(t, "anna@contoso.example")
				anna := d.entry(t, id).DN
				server.Load(t, "dn: "+crm+"\nobjectClass: groupOfNames\ncn: crm\nmember: cn=somebody\nmember: "+anna+"\n")
				refused := between{op: op, fault: memdir.Fault{Code: 53, Text: "not now"}}
				if meanwhile {
					refused.do = func() {
						conn := server.Connect(t)
						defer conn.Close()
						if err := conn.ModifyDN(ldap.NewModifyDNRequest(anna, "uid=noor@contoso.example", true, "")); err != nil {
							t.Error(err)
						}
					}
				}
				interleaved(server, refused)
				method, body := http.MethodDelete, ""
				if op == "modrdn" {
					method, body = http.MethodPatch, renamed("mara")
				}
				answer, content := d.do(t, method, "/Users/"+id, body)
				if answer.StatusCode == http.StatusInternalServerError {
					t.Errorf("%d %s", answer.StatusCode, content)
				}
				got := server.Entry(t, crm).Values("member")
				if len(got) != 2 || !slices.ContainsFunc(got, func(v string) bool { return ldif.SameDN(v, d.entry(t, id).DN) }) {
					t.Errorf("%d, and the group elsewhere holds %q", answer.StatusCode, got)
				}
			})
		}
	}
}
