package directory

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestRehearsalOfWhatGoes: of an entry that is deleted while a change of it is rehearsed that is foreseen.
func TestRehearsalOfWhatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest || m.target() != "uid=ada" {
				return false
			}
			if seen++; seen == 1 {
				s.entry(m, "uid=ada", ldif.Attribute{Name: "entryUUID", Values: []string{"1"}})
				s.result(m, 0, "")
			} else {
				s.result(m, ldap.LDAPResultNoSuchObject, "")
			}
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		receipt := c.Execute(Rehearse(t.Context(), &Rehearsal{}), modifyMail("uid=ada"), nil)
		wantReason(t, receipt.Err, reason.NoSuchObject)
		if n := p.count(ldap.ApplicationModifyRequest); n != 0 || seen != 2 {
			t.Errorf("%d changes sent, %d searches", n, seen)
		}
	})
}

// TestRehearsalReadsNoMoreThanIsWanted: an enumeration of which there is enough ends there, whatever there is of it still.
func TestRehearsalReadsNoMoreThanIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := 0
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
				return false
			}
			next := ldap.NewControlPaging(0)
			if pages++; pages < 9 {
				next.SetCookie([]byte("more"))
			}
			s.entry(m, "uid=ada", ldif.Attribute{Name: "uid", Values: []string{"ada"}})
			s.result(m, 0, "", next)
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		var r Rehearsal
		enough := errors.New("enough")
		err := c.Enumerate(Rehearse(t.Context(), &r), Search{Base: "dc=a"}, func(*ldif.Entry) error { return enough })
		if reads := r.Reads(); err != enough || pages != 1 || len(reads) != 1 || len(reads[0].Found) != 1 || reads[0].Err != enough {
			t.Errorf("%d pages, %v, %+v", pages, err, reads)
		}
	})
}
