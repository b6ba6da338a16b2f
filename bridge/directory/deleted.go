package directory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// controlShowDeleted lets an operation see what was deleted ([MS-ADTS] §3.1.1.3.4.1.14).
const controlShowDeleted = "1.2.840.113556.1.4.417"

// Deleted is the DN that an entry with the id has among what was deleted, from where the directory can bring it back; "" where it cannot,
// or does not show it to the bridge. whole says that it kept all of it: with its recycle bin Active Directory does, else little more than
// id, SID and name.
func (c *Client) Deleted(ctx context.Context, id string) (dn string, whole bool, err error) {
	server, err := c.Server(ctx)
	if err != nil || !server.NamesByID || !server.Controls[controlShowDeleted] {
		return "", false, err
	}
	show := ldap.NewControlString(controlShowDeleted, true, "")
	s := Search{Base: server.ByID(id, ""), Scope: BaseObject, Attributes: []string{"isDeleted", "isRecycled"}}
	found, err := c.search(ctx, s, show)
	answer, _ := errors.AsType[*Error](c.explain(err, nil))
	if answer != nil && (answer.Reason == reason.NoSuchObject || answer.Reason == reason.Refused) {
		return "", false, nil
	}
	if err != nil || len(found) == 0 || !isTrue(found[0], "isDeleted") {
		return "", false, c.explain(err, nil)
	}
	whole, err = c.hasRecycleBin(ctx, server)
	if err != nil || whole && isTrue(found[0], "isRecycled") { // which Samba tells of all that it deletes
		return "", false, err
	}
	return found[0].DN, whole, nil
}

func isTrue(e *ldif.Entry, attribute string) bool {
	return strings.EqualFold(e.Value(attribute), "TRUE")
}

// hasRecycleBin says whether the forest keeps what is deleted whole.
func (c *Client) hasRecycleBin(ctx context.Context, server *ldif.Server) (bool, error) {
	for _, base := range server.Contexts {
		if !strings.HasPrefix(strings.ToLower(base), "cn=configuration,") {
			continue
		}
		e, err := c.one(ctx, "CN=Partitions,"+base, "msDS-EnabledFeature")
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(e.Values("msDS-EnabledFeature"), func(dn string) bool {
			return strings.HasPrefix(strings.ToLower(dn), "cn=recycle bin feature,")
		}), nil
	}
	return false, nil
}

// revival is the request that brings back a deleted entry under its DN ([MS-ADTS] §3.1.1.5.3.7). Samba takes nothing else with it.
func revival(change ldif.Change, controls []ldap.Control) *ldap.ModifyRequest {
	request := ldap.NewModifyRequest(change.Revives, append(controls, ldap.NewControlString(controlShowDeleted, true, "")))
	request.Delete("isDeleted", nil)
	request.Replace("distinguishedName", []string{change.DN})
	return request
}
