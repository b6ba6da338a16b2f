package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

const domainSID ldif.SID = "\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"

// domainWithGroups is a directory that shows the groups that Active Directory guards.
type domainWithGroups struct {
	*dirtest.Server
	client *directory.Client
	traits *ldif.Server
}

func newDomain(t *testing.T) *domainWithGroups {
	t.Helper()
	server := dirtest.Memory(t, func(o *memdir.Options) {
		o.Schema = memdir.DefaultSchema +
			"\nattributetype ( 1.2.840.113556.1.4.146 NAME 'objectSid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )" +
			"\nattributetype ( 1.2.840.113556.1.4.150 NAME 'adminCount' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )" +
			"\nobjectclass ( 1.2.840.113556.1.5.6 NAME 'securityPrincipal' AUXILIARY MAY ( objectSid $ adminCount ) )\n"
	})
	client, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	d := &domainWithGroups{server, client, &ldif.Server{Traits: ldif.ActiveDirectory.Traits(), Default: server.Suffix}}
	d.gets(t, server.Suffix, domainSID)
	p := d.traits.Privilege
	for _, sid := range append(members(ldif.BuiltinDomain, p.Builtin), members(domainSID, p.Domain)...) {
		dn := fmt.Sprintf("cn=%d,%s", sid.ID(), server.Groups)
		server.Load(t, "dn: "+dn+"\nobjectClass: groupOfNames\nmember: cn=x\n")
		d.gets(t, dn, sid)
	}
	return d
}

// gets gives an entry its SID.
func (d *domainWithGroups) gets(t *testing.T, dn string, sid ldif.SID) {
	t.Helper()
	r := ldap.NewModifyRequest(dn, nil)
	r.Add("objectClass", []string{"securityPrincipal"})
	r.Add("objectSid", []string{string(sid)})
	if err := d.Connect(t).Modify(r); err != nil {
		t.Fatal(err)
	}
}

func (d *domainWithGroups) guard(o Options) *Guard { return New(o, as(), d.client) }

// TestPrivilegedIsLearnedAside: while one request asks again who is privileged, the others go by what is known.
func TestPrivilegedIsLearnedAside(t *testing.T) {
	d := newDomain(t)
	g := d.guard(Options{})
	if err := g.Sees(t.Context(), nil, d.traits); err != nil {
		t.Fatal(err)
	}
	g.learned = time.Now().Add(-2 * learnedFor)
	before := g.known

	come, release := make(chan struct{}), make(chan struct{})
	d.Mem.Fault(func(op, _ string) memdir.Fault {
		if op != "search" {
			return memdir.Fault{}
		}
		d.Mem.Fault(nil)
		close(come)
		return memdir.Fault{Until: release}
	})
	asked := make(chan error)
	go func() {
		known, err := g.domain(t.Context(), d.traits)
		if known == before {
			t.Error("not what the directory says now")
		}
		asked <- err
	}()
	<-come
	if known, err := g.domain(t.Context(), d.traits); err != nil || known != before {
		t.Errorf("%v, %v", known, err)
	}
	close(release)
	if err := <-asked; err != nil {
		t.Error(err)
	}
}

// TestPrivilegedCannotBeSeen: while a group that says who is privileged cannot be seen nobody is written, at the start and later.
func TestPrivilegedCannotBeSeen(t *testing.T) {
	isHidden := func(err error) bool {
		e, _ := errors.AsType[*reason.Error](err)
		return e != nil && e.Reason == reason.Hidden
	}
	m, s := testMap(t)
	const mara = "uid=mara,ou=people,dc=example"
	plan := ldif.Plan{Steps: []ldif.Step{modify(entry(mara, "objectClass", "user", "uid", "mara"), mara, ldif.AddValues, "title", "x")}}
	for what, o := range map[string]Options{"": {}, "named": {PrivilegedGroups: []string{"cn=nobody,dc=example,dc=org"}}} {
		d := newDomain(t)
		if o.PrivilegedGroups == nil {
			if err := d.Connect(t).Del(ldap.NewDelRequest("cn=512,"+d.Groups, nil)); err != nil {
				t.Fatal(err)
			}
		}
		g := d.guard(o)
		if err := g.Sees(t.Context(), nil, d.traits); !isHidden(err) {
			t.Errorf("%s: seen: %v", what, err)
		}
		s.Traits, s.Default = d.traits.Traits, d.Suffix
		e := plan.Steps[0].Before
		e.Asked = append(e.Asked, "primaryGroupID")
		if err := g.Judge(context.Background(), m, s, plan); !isHidden(err) {
			t.Errorf("%s: judged: %v", what, err)
		}
	}
}
