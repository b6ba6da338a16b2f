package inspect

import (
	"fmt"
	"strconv"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
	scimschema "scimbridge/scim/schema"
)

// requestLimits are where servers say how long a request they take of whoever has bound, and how long it is where they say nothing.
var requestLimits = map[ldif.Settings]struct {
	attribute string // of cn=config
	usual     int
}{
	ldif.SlapdSettings:  {"olcSockbufMaxIncomingAuth", 1<<24 - 1},
	ldif.DirsrvSettings: {"nsslapd-maxbersize", 2 << 20},
}

// longestRequest reads how long a request the server takes, where it shows its configuration.
func (l looker) longestRequest() error {
	limit := requestLimits[l.v.Server.Settings]
	found, err := l.client.Look(l.ctx, directory.Search{
		Base: "cn=config", Scope: directory.BaseObject, Attributes: []string{"objectClass", limit.attribute},
	})
	if err != nil || len(found) == 0 || found[0].Value("objectClass") == "" {
		return err
	}
	l.v.Settings.LongestRequest = limit.usual
	if n, err := strconv.Atoi(found[0].Value(limit.attribute)); err == nil && n > 0 {
		l.v.Settings.LongestRequest = n
	}
	return nil
}

// aroundValues is what stands beside its values in a request: a DN, names of attributes, and controls.
const aroundValues = 64 << 10

// long is a line of the map that takes octets, as photos, and how many clients may send for one: as base64 in a body. What is text is
// short, and members go a few at a time.
type long struct {
	key    string
	octets int
}

// longest are the lines whose values may be longer than a request that the server takes.
func longest(s Subject, v Survey, takes int) (all []long) {
	if takes == 0 || !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, r := range t.Rules {
			isForm := r.Form != nil && (r.Form.Name == "photo" || r.Form.Name == "binary")
			if r.Computed() || !isForm && r.SCIMType() != scimschema.Binary {
				continue
			}
			octets := s.MaxBody / 4 * 3
			if r.Options.Max > 0 {
				octets = min(octets, r.Options.Max)
			}
			if takes < octets+aroundValues {
				all = append(all, long{boundKey(i, r), octets})
			}
		}
	}
	return all
}

// finds is the finding of a server that takes no more, by a limit of that name.
func (l long) finds(takes int, limit string) Finding {
	return Finding{
		Severity: Hint, Code: "request-length", Key: l.key,
		What: fmt.Sprintf("the server takes requests of %d octets, by %s, and listen.maxBody lets a value of %d in",
			takes, limit, l.octets),
		Why:  "it closes the connection on a longer request without an answer: the bridge tries twice, and refuses it then as too large",
		Mend: "have the bridge refuse it at once, or the server take more", Line: fmt.Sprintf("max: %d", max(takes-aroundValues, 1)),
	}
}

// lengths finds values that a server takes in no request.
func lengths(s Subject, v Survey) (all []Finding) {
	for _, l := range longest(s, v, v.Settings.LongestRequest) {
		limit := requestLimits[v.Server.Settings].attribute
		f := l.finds(v.Settings.LongestRequest, limit)
		f.LDIF = fmt.Sprintf("dn: cn=config\nchangetype: modify\nreplace: %s\n%[1]s: %d\n", limit, l.octets+aroundValues)
		f.Command = load(v, "ldapmodify", "requests.ldif")
		all = append(all, f)
	}
	return all
}
