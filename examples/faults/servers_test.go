package faults_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
)

// kind is a server that rows are run on.
type kind struct {
	name   string
	title  string
	folder string   // the example
	env    []string // what is otherwise there
	start  func(t testing.TB) *dirtest.Server
	// directory.timeout; 0: a second
	timeout time.Duration
	// attribute that tells who is blocked, and by which values
	blocker string
	blocked func(value string) bool
}

var kinds = []kind{
	{
		name: "openldap", title: "OpenLDAP", folder: "../openldap", blocker: "userAccountControl", blocked: disabled,
		start: func(t testing.TB) *dirtest.Server { return slapd(t) },
	},
	{
		name: "389ds", title: "389 Directory Server", folder: "../openldap",
		env:     []string{"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=nsAccountLock"},
		blocker: "nsAccountLock", blocked: func(value string) bool { return value == "true" },
		start: func(t testing.TB) *dirtest.Server {
			return dirtest.DS389(t, dirtest.Encrypted(),
				dirtest.DS389Schema(strings.Replace(examples.OpenLDAPSchema, "userAccountControl $ ", "", 1)))
		},
	},
	{
		name: "active-directory", title: "Samba AD DC", folder: "../active-directory", timeout: 2 * time.Second,
		blocker: "userAccountControl", blocked: disabled,
		start: func(t testing.TB) *dirtest.Server { return dirtest.ActiveDirectory(t) },
	},
}

// slapd starts one as the example has it.
func slapd(t testing.TB, options ...dirtest.Option) *dirtest.Server {
	return dirtest.OpenLDAP(t, append([]dirtest.Option{
		dirtest.Schema(examples.OpenLDAPSchema), dirtest.Configurable(),
		dirtest.Config("index scimUserName,scimExternalId,employeeNumber eq", accounts),
	}, options...)...)
}

func disabled(value string) bool {
	control, _ := strconv.Atoi(value)
	return control&2 != 0
}
