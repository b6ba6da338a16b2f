package directory

import (
	"context"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Verdict is what a server says of a change that cannot be made.
type Verdict int

// The verdicts.
const (
	Untold  Verdict = iota // something else is in the way
	Allowed                // no right is
	Denied                 // the account lacks the right
)

// beyondRights are the answers to a change that the account may make and nobody can: there is no such value, none can be told from another,
// the place to move to is not there.
var beyondRights = []uint16{
	ldap.LDAPResultNoSuchAttribute, ldap.LDAPResultInappropriateMatching, ldap.LDAPResultNoSuchObject,
}

// Try asks whether the bridge's account may make a change by one that cannot be made: a Modify that deletes a value which is not there, a
// ModifyDN to a place that is not there. A server that looks at rights first, as slapd does, tells by its answer which of the two is in the
// way. (slapd's control No-Op, which it does not announce, is no way: entries that are added after it cannot be read any more.)
func (c *Client) Try(ctx context.Context, change ldif.Change) (Verdict, error) {
	_, err := call(ctx, c, sends(change), func(l *ldap.Conn) (struct{}, error) {
		if change.Kind == ldif.ModifyDN {
			return struct{}{}, l.ModifyDN(ldap.NewModifyDNRequest(change.DN, change.NewRDN, change.DeleteOldRDN, change.NewSuperior))
		}
		return struct{}{}, l.Modify((&run{client: c, server: c.learned()}).modifyRequest(change, nil))
	})
	switch answer, answered := asAnswer(err); {
	case err == nil, cannotServe(err): // a replica refers to who takes changes
		return Untold, nil
	case !answered:
		return Untold, c.explain(err, nil)
	case answer.ResultCode == ldap.LDAPResultInsufficientAccessRights:
		return Denied, nil
	case slices.Contains(beyondRights, answer.ResultCode):
		return Allowed, nil
	}
	return Untold, nil
}
