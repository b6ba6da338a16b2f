// Package examples holds the example deployments, one folder each, and the exchanges that run against them as tests. The demo runs the
// OpenLDAP one.
package examples

import _ "embed"

// OpenLDAP is the configuration of the OpenLDAP example.
//
//go:embed openldap/scimbridge.yaml
var OpenLDAP string

// OpenLDAPSchema is the schema that the OpenLDAP example adds to the server, as slapd includes it.
//
//go:embed openldap/scimbridge.schema
var OpenLDAPSchema string

// OpenLDAPBase is the tree that the OpenLDAP example starts from, as LDIF.
//
//go:embed openldap/base.ldif
var OpenLDAPBase string
