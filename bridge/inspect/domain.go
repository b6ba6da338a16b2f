package inspect

import (
	"slices"
	"strconv"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// Domain is what access rules of a domain call the account and what it may write.
type Domain struct {
	Account string            // DOMAIN\ACCOUNT
	SID     string            // the account's; "": it is not shown
	GUIDs   map[string]string // of attributes and classes (schemaIDGUID), by the name in lower case
}

// domain reads the schema's entries of a domain.
func (l looker) domain() error {
	set := &l.v.Settings
	set.Show = search(*l.v, "CN=Schema,CN=Configuration,ROOT", "(lDAPDisplayName=ATTRIBUTE)", "searchFlags")
	set.Domain.Account = `DOMAIN\ACCOUNT`
	root, err := l.client.Look(l.ctx, directory.Search{Scope: directory.BaseObject, Attributes: []string{
		"schemaNamingContext", "configurationNamingContext",
	}})
	if err != nil {
		return err
	}
	set.Hidden = "the schema's entries are not shown to the bridge's account"
	if len(root) == 0 || root[0].Value("schemaNamingContext") == "" {
		return nil
	}
	if err := l.account(root[0].Value("configurationNamingContext")); err != nil {
		return err
	}
	if err := l.policy(root[0].Value("configurationNamingContext")); err != nil {
		return err
	}
	names := []string{"name"}
	for _, w := range wanted(l.v.Map) {
		names = append(names, w.attribute)
	}
	for _, g := range Grants(l.Subject, l.v.Map) {
		names = slices.Concat(names, g.Makes, g.Classes, g.Writes)
	}
	var any []string
	for _, name := range bare(l.v.Map, names) {
		any = append(any, ldif.Equality("lDAPDisplayName", name))
	}
	found, err := l.client.Look(l.ctx, directory.Search{
		Base: root[0].Value("schemaNamingContext"), Filter: ldif.AnyOf(any...),
		Attributes: []string{"lDAPDisplayName", "searchFlags", "linkID", "schemaIDGUID"},
	})
	if err != nil || len(found) == 0 {
		return err
	}
	set.Hidden, set.Domain.GUIDs = "", map[string]string{}
	for _, e := range found {
		id := &ldif.Entry{}
		id.Set(l.v.Server.IDAttribute, e.Value("schemaIDGUID"))
		set.Domain.GUIDs[strings.ToLower(e.Value("lDAPDisplayName"))] = l.v.Server.ID(id)
	}
	for _, context := range l.v.Server.Contexts {
		d := Database{Suffix: context, Indexed: map[string][]ldif.Index{}, Classes: map[string]Definition{}}
		for _, e := range found {
			name := strings.ToLower(e.Value("lDAPDisplayName"))
			flags, _ := strconv.Atoi(e.Value("searchFlags"))
			d.Classes[name] = Definition{e.DN, flags}
			for by, bit := range domainKinds {
				if flags&bit != 0 || e.Value("linkID") != "" { // links are found by a table of their own
					d.Indexed[name] = append(d.Indexed[name], by)
				}
			}
		}
		set.Databases = append(set.Databases, d)
	}
	return nil
}

// account reads what access rules call the bridge's account by.
func (l looker) account(configuration string) error {
	search := directory.Search{Base: l.v.Account, Scope: directory.BaseObject}
	if _, err := ldif.ParseRDN(l.v.Account); err != nil || !strings.Contains(l.v.Account, "=") {
		name := l.v.Account[strings.LastIndex(l.v.Account, `\`)+1:]
		var any []string
		before, _, _ := strings.Cut(name, "@") // of an account without a userPrincipalName: its sAMAccountName at the domain
		for _, attribute := range l.v.Server.BindNames {
			any = append(any, ldif.Equality(attribute, name))
		}
		any = append(any, ldif.Equality(l.v.Server.AccountName, before))
		search = directory.Search{Base: l.v.Server.Default, Filter: ldif.AnyOf(any...)}
	}
	search.Attributes = []string{"objectSid", "sAMAccountName"}
	found, err := l.client.Look(l.ctx, search)
	if err != nil || len(found) != 1 {
		return err
	}
	set := &l.v.Settings.Domain
	set.SID = ldif.SID(found[0].Value("objectSid")).String()
	domains, err := l.client.Look(l.ctx, directory.Search{
		Base: "CN=Partitions," + configuration, Filter: ldif.Equality("nCName", l.v.Server.Default), Attributes: []string{"nETBIOSName"},
	})
	if err == nil && len(domains) == 1 && domains[0].Value("nETBIOSName") != "" {
		set.Account = domains[0].Value("nETBIOSName") + `\` + found[0].Value("sAMAccountName")
	}
	return err
}
