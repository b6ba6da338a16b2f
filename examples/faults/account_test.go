package faults_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// accounts may do all on slapd, by their names.
const accounts = `access to * by dn.regex="^cn=bridge[0-9]+,dc=example,dc=org$" manage by * break`

const firstPassword = "First-secret-1"

// account makes an account for the bridge that may do all, and a file with its password.
func (s *site) account(t *testing.T) {
	t.Helper()
	name := "bridge" + s.name
	s.dn, s.passwordFile = "cn="+name+","+s.server.Base, filepath.Join(t.TempDir(), "password")
	s.writePassword(t, firstPassword)
	conn := s.server.Connect(t)
	switch s.server.Kind {
	case ldif.ActiveDirectory:
		s.server.Load(t, fmt.Sprintf("dn: %s\nobjectClass: user\nsAMAccountName: %s\nuserAccountControl: 512\nunicodePwd:: %s\n",
			s.dn, name, base64.StdEncoding.EncodeToString([]byte(ldapmap.PasswordValue("unicodePwd", firstPassword)))))
		join := ldap.NewModifyRequest("CN=Domain Admins,CN=Users,"+s.server.Suffix, nil)
		join.Add("member", []string{s.dn})
		if err := conn.Modify(join); err != nil {
			t.Fatal(err)
		}
		return
	case ldif.DS389:
		allow := ldap.NewModifyRequest(s.server.Suffix, nil)
		allow.Add("aci", []string{fmt.Sprintf(
			`(targetattr!="aci")(version 3.0; acl "%s"; allow (all) userdn="ldap:///%s";)`, name, s.dn)})
		if err := conn.Modify(allow); err != nil {
			t.Fatal(err)
		}
	}
	s.server.Load(t, fmt.Sprintf("dn: %s\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: %s\nuserPassword: %s\n",
		s.dn, name, firstPassword))
}

// setPassword sets the account's in the directory. Active Directory takes the one before it for another hour: it is set twice.
func (s *site) setPassword(t *testing.T, password string) {
	t.Helper()
	attribute := "userPassword"
	if s.server.Kind == ldif.ActiveDirectory {
		attribute = "unicodePwd"
	}
	for _, one := range []string{"Passing-" + password, password} {
		set := ldap.NewModifyRequest(s.dn, nil)
		set.Replace(attribute, []string{ldapmap.PasswordValue(attribute, one)})
		if err := s.server.Connect(t).Modify(set); err != nil {
			t.Fatal(err)
		}
	}
}

// writePassword writes it where the bridge reads it.
func (s *site) writePassword(t *testing.T, password string) {
	t.Helper()
	if err := os.WriteFile(s.passwordFile, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
}
