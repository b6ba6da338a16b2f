package inspect

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	scimschema "scimbridge/scim/schema"
)

// Bridge is what a probe needs of it: what a client does.
type Bridge interface {
	Create(ctx context.Context, typ string, body []byte) (id string, err error)
	Patch(ctx context.Context, typ, id string, body []byte) error
	Delete(ctx context.Context, typ, id string) error
}

// Probed is what came of a user that was made, blocked, enabled and removed. Each error is nil where its step was done, or not come to.
type Probed struct {
	Trial
	Group *Trial // with the user in it; nil: none was tried, for the map serves none

	Block, Enable error

	Password bool // it has a password that is known
	Binds    bool // with it, while it is active
	Blocked  bool // it cannot bind while it is blocked
	Again    bool // it binds once it is enabled again
	Says     string
}

// Trial is a resource that is made, changed and removed.
type Trial struct {
	Name string // its userName or displayName

	Create, Change, Delete error
	Err                    error  // the directory could not be asked
	Left                   string // DN of what could not be removed
	Unseen                 error  // why it could not be seen whether something is left
}

// probeName begins the names of the users that probes make.
const probeName = "scimbridge-check-"

// Probe has the bridge make a user, block it, enable it and remove it again, and tries its bind meanwhile; and a group, which the user is
// in. Whatever comes of it, even where ctx ends, nothing of it is left, or Left says what.
func (v *Survey) Probe(ctx context.Context, s Subject, c *directory.Client, b Bridge) {
	if !v.fits() || v.Map.Type("User") == nil {
		return
	}
	p := &probing{trial: trial{looker: looker{ctx, s, c, v}, bridge: b, t: v.Map.Type("User")}}
	p.of = &p.Trial
	if place, known := v.place(p.t.Base); known && !place.Exists {
		return
	}
	p.password = trialPassword()
	v.Probed = &p.Probed
	p.Name = probeName + strings.ToLower(rand.Text()[:8]) + p.domain()
	defer p.remove()
	defer p.group()
	if p.id, p.Create = b.Create(ctx, p.t.Name, p.body()); p.Create != nil {
		return
	}
	if len(p.t.Active) == 0 || !p.known() {
		return
	}
	if p.Binds = p.binds(); !p.Binds || p.Err != nil {
		return
	}
	if p.Block = b.Patch(ctx, p.t.Name, p.id, activity(false)); p.Block != nil {
		return
	}
	p.Blocked = !p.binds()
	if p.Enable = b.Patch(ctx, p.t.Name, p.id, activity(true)); p.Enable == nil && p.Err == nil {
		p.Again = p.binds()
	}
}

// trialPassword is a random password that holds each class of characters, and no three in a row that may stand in a name: 389 Directory
// Server's policy refuses those.
func trialPassword() string {
	var b strings.Builder
	for pair := range slices.Chunk([]byte(rand.Text()), 2) {
		b.WriteString(string(pair) + "~")
	}
	return b.String() + "aA~1"
}

// trial is one under way.
type trial struct {
	looker
	of     *Trial
	bridge Bridge
	t      *ldapmap.Type
	id     string
}

// probing is a probe under way.
type probing struct {
	trial
	Probed
	password string
}

// group has a group made and changed, and removed before the user in it is.
func (p *probing) group() {
	t := p.v.Map.Type("Group")
	if t == nil || len(t.Unique) == 0 || p.ctx.Err() != nil {
		return
	}
	if place, known := p.v.place(t.Base); known && !place.Exists {
		return
	}
	p.Group = &Trial{Name: probeName + strings.ToLower(rand.Text()[:8])}
	g := trial{looker: p.looker, of: p.Group, bridge: p.bridge, t: t}
	defer g.remove()
	r := g.resource()
	r["schemas"] = []any{t.Resource.Core.ID}
	withUser := t.HasMembers() && p.id != ""
	if withUser {
		r["members"] = []any{map[string]any{"value": p.id}}
	}
	body, _ := json.Marshal(r) // it is texts and lists of them
	if g.id, g.of.Create = g.bridge.Create(g.ctx, t.Name, body); g.of.Create == nil && withUser {
		g.of.Change = g.bridge.Patch(g.ctx, t.Name, g.id, patched("remove", `members[value eq "`+p.id+`"]`, nil))
	}
}

// domain is what follows the @ of userNames, with it; "": they have none.
func (p *probing) domain() string {
	names := p.t.Login.Options.Samples
	if len(names) == 0 {
		search := directory.Search{
			Base: p.t.Base, Filter: ldif.AllOf(p.t.Scope(), ldif.Presence(p.t.Login.LDAP)), Attributes: []string{p.t.Login.LDAP},
		}
		if e, err := p.client.Sample(p.ctx, search); err == nil && e != nil {
			name, _ := read.Resource(p.t, e, ldapmap.Refs{})["userName"].(string)
			names = []string{name}
		}
	}
	if len(names) > 0 {
		if at := strings.LastIndex(names[0], "@"); at >= 0 {
			return names[0][at:]
		}
	}
	return ""
}

// resource is what a new one must have, and its names.
func (p *trial) resource() scim.Resource {
	r := scim.Resource{}
	for _, rule := range p.t.Rules {
		switch {
		case rule.Computed() || rule.SCIMType() != scimschema.String || rule.Many() || rule.WriteOnly():
		case rule == p.t.Login:
			r = p.t.Setting(rule, r, p.of.Name)
		case p.t.IsUnique(rule), rule == p.t.ExternalID, rule.Options.SCIM == "displayName":
			before, _, _ := strings.Cut(p.of.Name, "@")
			r = p.t.Setting(rule, r, before)
		case rule.Ref.Leaf().Required:
			r = p.t.Setting(rule, r, "Check")
		}
	}
	return r
}

func (p *probing) body() []byte {
	r := p.resource()
	r["schemas"] = []any{p.t.Resource.Core.ID}
	if len(p.t.Active) > 0 {
		r["active"] = true
	}
	if p.takesPassword() {
		r["password"] = p.password
	}
	body, _ := json.Marshal(r) // it is texts and lists of them
	return body
}

func activity(active bool) []byte { return patched("replace", "active", active) }

// patched is the body of a PATCH with one operation.
func patched(op, path string, value any) []byte {
	operation := map[string]any{"op": op, "path": path}
	if value != nil {
		operation["value"] = value
	}
	body, _ := json.Marshal(map[string]any{
		"schemas": []string{scim.PatchOpURN}, "Operations": []any{operation},
	})
	return body
}

func (p *probing) takesPassword() bool {
	for _, rule := range p.t.Rules {
		if !rule.Computed() && rule.WriteOnly() {
			return true
		}
	}
	return false
}

// known says whether the user has the probe's password. Where the map takes none and the server gave one that nobody knows, it is set past
// the map.
func (p *probing) known() bool {
	if p.takesPassword() {
		p.Password = true
		return true
	}
	attribute := p.t.BornWith()
	if attribute == "" {
		return false
	}
	e, err := p.entry(p.ctx)
	if p.Err = errors.Join(p.Err, err); e == nil {
		return false
	}
	receipt := p.client.Execute(p.ctx, ldif.Plan{Before: e, Steps: []ldif.Step{{Before: e, Change: ldif.Change{
		Kind: ldif.Modify, DN: e.DN,
		Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: attribute, Values: []string{ldapmap.PasswordValue(attribute, p.password)}}},
	}}}}, nil)
	p.Password = receipt.Err == nil
	return p.Password
}

// entry is the resource's, wherever it is; nil: there is none, or it could not be looked for.
func (p *trial) entry(ctx context.Context) (*ldif.Entry, error) {
	filter, err := p.filter()
	if err != nil {
		return nil, err
	}
	for _, base := range p.t.Widest() {
		found, failed := p.client.Look(ctx, directory.Search{Base: base, Filter: filter, Attributes: []string{p.t.Server.IDAttribute}})
		if len(found) > 0 {
			return found[0], nil
		}
		err = errors.Join(err, failed)
	}
	return nil, err
}

// filter is what the resource is found by: its id, or where none was told its name, which no other has.
func (p *trial) filter() (string, error) {
	if filter, ok := p.t.Server.IDFilter(p.id); p.id != "" && ok {
		return filter, nil
	}
	named := p.t.Named()
	values, err := p.t.Values(named, p.resource(), nil, "", ldapmap.Refs{})
	if err != nil || len(values) == 0 {
		return "", err
	}
	return ldif.Equality(named.LDAP, values[0]), nil
}

// binds says whether the user may bind.
func (p *probing) binds() (may bool) {
	e, err := p.entry(p.ctx)
	if e == nil {
		p.Err = errors.Join(p.Err, cmp.Or(err, errors.New("the user is not found again")))
		return false
	}
	if may, p.Says, err = p.client.TryBind(p.ctx, e.DN, p.password); err != nil {
		p.Err = errors.Join(p.Err, err)
	}
	return may
}

// removal bounds each half of the removal, which goes on where the probe was broken off.
const removal = 30 * time.Second

// remove takes the resource away: as a client does, and what that leaves, as the map may say, by itself.
func (p *trial) remove() {
	if p.id != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), removal)
		p.of.Delete = p.bridge.Delete(ctx, p.t.Name, p.id)
		cancel()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), removal)
	defer cancel()
	var e *ldif.Entry
	if e, p.of.Unseen = p.entry(ctx); e == nil {
		return
	}
	receipt := p.client.Execute(ctx, ldif.Plan{Before: e, Steps: []ldif.Step{{Before: e, Change: ldif.Change{
		Kind: ldif.Delete, DN: e.DN, If: ldif.Condition{ID: p.t.ID(e)},
	}}}}, nil)
	if receipt.Err != nil {
		p.of.Left = e.DN
		p.of.Err = errors.Join(p.of.Err, receipt.Err)
	}
}
