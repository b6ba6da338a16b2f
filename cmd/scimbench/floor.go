package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// directoryFlags say how to reach the directory that the SCIM server writes.
type directoryFlags struct {
	URL          string `placeholder:"URL" help:"ldap:// or ldaps://. Where there is none, the SCIM server is measured alone."`
	BindDN       string `placeholder:"DN" help:"The account to bind as: the SCIM server's, so that it sees and may do the same."`
	PasswordFile string `placeholder:"FILE" help:"Holds its password."`
	Base         string `placeholder:"DN" help:"Where users and groups are found, and below it users are made."`
	Login        string `default:"uid" placeholder:"NAME" help:"The attribute that holds userName (${default})."`
	Name         string `default:"cn" placeholder:"NAME" help:"The attribute that holds a group's displayName (${default})."`
	ID           string `default:"entryUUID" placeholder:"NAME" help:"The attribute that holds the id as text (${default})."`
	Member       string `default:"member" placeholder:"NAME" help:"The attribute that holds a group's members (${default})."`
	Attribute    string `default:"title" placeholder:"NAME" help:"The attribute that a patch changes (${default})."`
}

// floor is one connection to the directory.
type floor struct {
	directoryFlags
	conn *ldap.Conn
}

func (d directoryFlags) open(trusted *x509.CertPool) (*floor, error) {
	conn, err := ldap.DialURL(d.URL, ldap.DialWithTLSConfig(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}))
	if err != nil {
		return nil, err
	}
	password, err := os.ReadFile(d.PasswordFile)
	if err == nil {
		err = conn.Bind(d.BindDN, strings.TrimRight(string(password), "\r\n"))
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &floor{d, conn}, nil
}

// search finds entries with what the server would read of them.
func (f *floor) search(filter string) ([]*ldap.Entry, error) {
	found, err := f.conn.Search(ldap.NewSearchRequest(f.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		filter, []string{"*", f.ID, "createTimestamp", "modifyTimestamp"}, nil))
	if err != nil {
		return nil, err
	}
	return found.Entries, nil
}

func (f *floor) named(attribute, value string) ([]*ldap.Entry, error) {
	return f.search("(" + attribute + "=" + ldap.EscapeFilter(value) + ")")
}

// find finds the entries whose attribute has the value, and wants so many.
func (f *floor) find(attribute, value string, want int) ([]*ldap.Entry, error) {
	found, err := f.named(attribute, value)
	if err == nil && len(found) != want {
		err = fmt.Errorf("ldap: %d entries in the place of %d", len(found), want)
	}
	return found, err
}

// replace is what a patch of an attribute comes to.
func (f *floor) replace(id, value string) error {
	found, err := f.find(f.ID, id, 1)
	if err != nil {
		return err
	}
	change := ldap.NewModifyRequest(found[0].DN, nil)
	change.Replace(f.Attribute, []string{value})
	return f.conn.Modify(change)
}

// copy adds an entry like another, with another login: what a create comes to. It looks for the name before and after.
func (f *floor) copy(template *ldap.Entry, login string) error {
	if _, err := f.find(f.Login, login, 0); err != nil {
		return err
	}
	old := template.GetEqualFoldAttributeValue(f.Login)
	dn := strings.Replace(template.DN, ldap.EscapeDN(old), ldap.EscapeDN(login), 1)
	add := ldap.NewAddRequest(dn, nil)
	for _, a := range template.Attributes {
		switch strings.ToLower(a.Name) {
		case strings.ToLower(f.ID), "createtimestamp", "modifytimestamp":
			continue
		}
		values := make([]string, len(a.Values))
		for i, v := range a.Values {
			values[i] = strings.ReplaceAll(v, old, login)
		}
		add.Attribute(a.Name, values)
	}
	if err := f.conn.Add(add); err != nil {
		return err
	}
	_, err := f.find(f.Login, login, 1)
	return err
}

// member adds a member, or takes it out: what a change of members comes to. It finds the group and the user, and looks at both afterwards.
func (f *floor) member(group, user *ldap.Entry, join bool) error {
	both := "(|(" + f.ID + "=" + ldap.EscapeFilter(group.GetEqualFoldAttributeValue(f.ID)) + ")(" + f.ID + "=" +
		ldap.EscapeFilter(user.GetEqualFoldAttributeValue(f.ID)) + "))"
	look := func() error {
		_, err := f.conn.Search(ldap.NewSearchRequest(f.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			both, []string{"objectClass", f.ID}, nil))
		return err
	}
	if err := look(); err != nil {
		return err
	}
	change := ldap.NewModifyRequest(group.DN, nil)
	if join {
		change.Add(f.Member, []string{user.DN})
	} else {
		change.Delete(f.Member, []string{user.DN})
	}
	if err := f.conn.Modify(change); err != nil {
		return err
	}
	return look()
}
