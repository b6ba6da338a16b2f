package inspect_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/inspect"
)

func asItIs(b bridge.Local, _ func()) inspect.Bridge { return b }

// withPassword is the sound map with a password.
var withPassword = strings.Replace(sound, "roles.value, ldap: scimRole", "password, ldap: userPassword, by: password-modify", 1)

// TestProbe: it tells whether blocking bites and what the account may not do, and leaves nothing behind.
func TestProbe(t *testing.T) {
	t.Parallel()
	d := openLDAP(t)
	d.text, d.probes = withPassword, asItIs
	const keeps = "    delete: {mode: block, marker: {attribute: employeeType, value: left}}\n    active:"
	kept := strings.Replace(withPassword, "    active:", keeps, 1)
	named := strings.Replace(withPassword, "ldap: sn, empty: userName}", "ldap: sn}", 1)
	users, _, _ := strings.Cut(withPassword, "  - type: Group")
	d.breaks([]fault{
		{name: "as it should be"},
		{name: "deleted entries are kept", text: kept},
		{name: "a family name is demanded", text: named, finds: "warning may-be-missing", repair: "empty: userName"},
		{
			name: "no right to make groups", finds: "error probe-create", key: "resources[1].base", mends: true,
			broken: "dn: " + database + "\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to dn.subtree=\"ou=groups,dc=example,dc=org\" attrs=children by * read\n",
			repair: "to dn.subtree=\"ou=groups,dc=example,dc=org\" attrs=children by dn.exact=\"" + account + "\" write",
		},
		{
			name: "no right to write members", finds: "error probe-members", key: "resources[1].members", mends: true,
			broken: "dn: " + database + "\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to dn.subtree=\"ou=groups,dc=example,dc=org\" attrs=member by * read\n",
			repair: "member,objectClass,scimExternalId by dn.exact=\"" + account + "\" write",
		},
		{
			name: "a password that lets nobody in", finds: "warning probe-bind", key: "resources[0].active",
			broken: "dn: " + database + "\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to dn.subtree=\"ou=people,dc=example,dc=org\" attrs=userPassword by dn.exact=\"" + account +
				"\" =w by * none\n",
			repair: "by anonymous auth",
		},
		{
			name: "no right to make users", finds: "error probe-create", key: "resources[0].base",
			broken: "dn: " + database + "\nchangetype: modify\nreplace: olcAccess\n" +
				"olcAccess: {0}to dn.subtree=\"ou=people,dc=example,dc=org\" attrs=children by * read\n" +
				"olcAccess: {1}to * by dn.exact=\"" + account + "\" manage by anonymous auth by * read\n",
			repair: "to dn.subtree=\"ou=people,dc=example,dc=org\" attrs=children by dn.exact=\"" + account + "\" write", mends: true,
		},
		{
			name: "blocking that nobody looks at", finds: "error blocking", key: "resources[0].active",
			repair: "filter=\"(userAccountControl:1.2.840.113556.1.4.803:=2)\"", mends: true,
		},
		{
			name: "blocking by what is not there, which the bridge's account has not either", finds: "error blocking",
			text: strings.Replace(withPassword, "{by: userAccountControl}", "{attribute: employeeType, unblocked: staff}", 1),
			key:  "resources[0].active", repair: "(!(employeeType=staff))", mends: true,
		},
		{
			name: "no right to make users, where no access rule is written and everybody reads", finds: "error probe-create",
			broken: "dn: " + database + "\nchangetype: modify\ndelete: olcAccess\n",
			key:    "resources[0].base", repair: "}to * by * read", mends: true, text: users,
		},
	})
}

// TestProbeLeavesNothing: whatever step fails, and where the program is told to end in the middle.
func TestProbeLeavesNothing(t *testing.T) {
	t.Parallel()
	d := openLDAP(t)
	d.text = withPassword
	for name, c := range map[string]struct {
		breaks breaking
		finds  string
	}{
		"a create whose answer is lost": {breaking{create: errors.New("lost")}, "error probe-create"},
		"a block that fails":            {breaking{patch: errors.New("no")}, "error probe-block"},
		"a delete that fails":           {breaking{remove: errors.New("no")}, "error probe-delete"},
		"the end of the program":        {breaking{ends: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := d
			d.probes = func(b bridge.Local, end func()) inspect.Bridge {
				c.breaks.Local, c.breaks.end = b, end
				return c.breaks
			}
			all := d.looked(t)
			if c.finds != "" {
				finds(t, all, c.finds, "", "")
			}
		})
	}
}

// TestProbeOfWhatGoesAway: where the directory goes away meanwhile, what may be left there is told.
func TestProbeOfWhatGoesAway(t *testing.T) {
	t.Parallel()
	d := openLDAP(t)
	d.text, d.gone = withPassword, true
	d.probes = func(b bridge.Local, _ func()) inspect.Bridge { return leaving{b, d.server.Kill} }
	for _, f := range d.looked(t) {
		if f.Code == "probe-left" {
			told := strings.Contains(f.What, "scimbridge-check-") && strings.Contains(f.Command, "(uid=scimbridge-check-*)")
			if f.Severity != inspect.Error || !told {
				t.Errorf("%+v", f)
			}
			return
		}
	}
	t.Error("nothing tells of the user that is left")
}

// leaving has the directory go away once the user is made.
type leaving struct {
	bridge.Local
	kill func()
}

func (l leaving) Create(ctx context.Context, typ string, body []byte) (string, error) {
	defer l.kill()
	return l.Local.Create(ctx, typ, body)
}

// breaking fails when a step is done, or does not do it.
type breaking struct {
	bridge.Local
	create, patch, remove error
	ends                  bool
	end                   func()
}

func (b breaking) Create(ctx context.Context, typ string, body []byte) (string, error) {
	id, err := b.Local.Create(ctx, typ, body)
	if b.ends {
		b.end()
	}
	if b.create != nil && typ == "User" {
		return "", b.create
	}
	return id, err
}

func (b breaking) Patch(ctx context.Context, typ, id string, body []byte) error {
	if b.patch != nil && typ == "User" {
		return b.patch
	}
	return b.Local.Patch(ctx, typ, id, body)
}

func (b breaking) Delete(ctx context.Context, typ, id string) error {
	if b.remove != nil && typ == "User" {
		return b.remove
	}
	return b.Local.Delete(ctx, typ, id)
}
