package main

// Help shows how to begin.
func (commandLine) Help() string {
	return `Examples:

  scimbridge demo
  scimbridge init --url ldaps://ldap.corp.example --bind-dn cn=admin,dc=corp,dc=example
  scimbridge check --config scimbridge.yaml --connect
  scimbridge preview --config scimbridge.yaml users.csv
  scimbridge serve --config scimbridge.yaml`
}

// Help shows how to use it.
func (serveCommand) Help() string {
	return `Example:

  scimbridge serve --config scimbridge.yaml
  scimbridge serve --config scimbridge.yaml --dry-run

Every key of the file can be set by the environment too: SCIMBRIDGE_LOG_LEVEL=debug
is log.level. What the file is changed to holds within a second, or at once on
SIGHUP; one with a fault does not, and the log says why. SIGTERM ends it once what
is under way is answered.`
}

// Help shows how to use it.
func (demoCommand) Help() string {
	return `Examples:

  scimbridge demo
  scimbridge demo --once
  scimbridge demo --url http://127.0.0.1:8080/scim/v2

It needs no configuration, and no directory: each request stands beside the LDIF
that it causes. Then it serves on, and says how to ask it.

With --url it sends the same to a bridge that serves, before the directory that it
has: up to the first answer that is not as expected, and it deletes what it made.
A map that takes names of one domain alone is sent these by --domain.
The exit status is 0 if every answer was.`
}

// Help shows how to use it.
func (versionCommand) Help() string {
	return `Example:

  scimbridge version`
}

// Help shows how to use them.
func (tokenCommand) Help() string {
	return `Example:

  scimbridge token new entra --config scimbridge.yaml --expires 2027-01-31`
}

// Help shows how to use them.
func (holdCommand) Help() string {
	return `Example:

  scimbridge hold list --config scimbridge.yaml`
}

// Help shows how to use them.
func (journalCommand) Help() string {
	return `Example:

  scimbridge journal list --since 24h --config scimbridge.yaml`
}
