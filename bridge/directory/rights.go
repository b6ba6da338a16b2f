package directory

import (
	"context"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// controlEffectiveRights is GetEffectiveRights (draft-ietf-ldapext-acl-model-08), as 389 Directory Server knows it.
const controlEffectiveRights = "1.3.6.1.4.1.42.2.27.9.5.2"

// EffectiveRights are what the server grants an account on an entry: to the entry itself, and to each of the attributes, as letters (a:
// add, d: delete, n: rename; w: write). Where the attributes are `*@CLASS`, the entry is one of the class that might be below it. shown
// says whether the server tells.
func (c *Client) EffectiveRights(
	ctx context.Context, account, dn string, attributes []string,
) (entry string, of map[string]string, shown bool, err error) {
	server, err := c.Server(ctx)
	if err != nil || !server.Controls[controlEffectiveRights] {
		return "", nil, false, err
	}
	control := ldap.NewControlString(controlEffectiveRights, true, "dn: "+account)
	found, err := c.search(ctx, Search{Base: dn, Scope: BaseObject, Attributes: attributes}, control)
	if _, answered := asAnswer(err); answered {
		return "", nil, false, nil
	}
	if err != nil || len(found) == 0 {
		return "", nil, false, c.explain(err, nil)
	}
	rights := func(name string) string {
		for _, a := range found[len(found)-1].Attributes {
			if strings.EqualFold(a.Name, name) && len(a.Values) > 0 {
				return strings.Join(a.Values, ", ")
			}
		}
		return ""
	}
	of = map[string]string{}
	for item := range strings.SplitSeq(rights("attributeLevelRights"), ",") {
		if name, letters, ok := strings.Cut(strings.TrimSpace(item), ":"); ok {
			of[strings.ToLower(name)] = letters
		}
	}
	entry = rights("entryLevelRights")
	return entry, of, entry != "", nil
}
