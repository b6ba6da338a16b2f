// Package config reads the program's configuration: one YAML file, overridden by the environment, checked as a whole.
//
// Every fault is reported at once with its line and column, and the program does not start with one. A key that is not known is a fault.
// File names are relative to the folder of the configuration file.
//
// A running program takes the file anew when it changes, and on SIGHUP: all of it or, where it has a fault, nothing but who may call
// (access), which holds at once whatever becomes of the rest. A change of listen.address, tls, maxHeader, maxConnections, readTimeout,
// writeTimeout or idleTimeout, of admin, store, journal.lease or log.format takes a restart.
//
// Every key can be set by an environment variable: SCIMBRIDGE_, then the key's path in capitals with _ between its levels, as in
// SCIMBRIDGE_LISTEN_ADDRESS or SCIMBRIDGE_DIRECTORY_BIND_PASSWORDFILE. A list is written with commas (SCIMBRIDGE_DIRECTORY_URLS), or item
// by item with the item's number, from 0 (SCIMBRIDGE_RESOURCES_0_BASE). A DN has commas itself: in the environment each is an item of its
// own (SCIMBRIDGE_GUARD_PROTECTED_0; SCIMBRIDGE_RESOURCES_0_BASE is one), and in the file it stands on a line of its own or in quotes. An
// empty variable is as good as none. A secret that the environment sets takes the place of the key that names its file, which is not read
// then (check warns of it), and the other way round. SCIMBRIDGE_ variables that name no key are faults, except SCIMBRIDGE_CONFIG and
// SCIMBRIDGE_TEST_…, and those that Kubernetes sets for a service called scimbridge.
//
// The complete file, which scimbridge config --example prints. What scimbridge config --schema prints, in a file that the first line names,
// lets an editor complete and check it:
//
//	# yaml-language-server: $schema=scimbridge.schema.json
//
//	listen:
//	  address: ":8443"               # host:port; default 127.0.0.1:8080
//	  tls:                           # left out: plain HTTP, only for a loopback address or with allowCleartext
//	    certificate: tls.crt         # PEM, the chain included; read again when it changes
//	    key: tls.key
//	    clientCA: clients.pem        # clients, health checks too, must show a certificate that one of these signed
//	    clientSubjects:              # of one of these subjects, whole and in this order; left out: of any
//	      - CN=provisioning,O=Corp
//	  basePath: /scim/v2             # the path of the SCIM root; this is the default
//	  publicURL: https://scim.corp.example/scim/v2 # the root as clients write it; default: as each request names it
//	  trustProxy: [10.0.0.5, 10.1.0.0/16] # proxies in front, of which X-Forwarded-Proto, -Host and -For are believed; default: none
//	  allowCleartext: false          # let plain HTTP, tokens included, leave this machine: for a proxy in front that speaks TLS
//	  maxBody: 4194304               # bytes, 4 MiB: a PATCH with some 40,000 members; more is 413
//	  maxHeader: 16384               # bytes of the request line and header fields, a token of Entra's among them; more is 431
//	  maxURL: 8000                   # bytes, what every server should take; more is 414: a long filter goes into a POST to /.search
//	  maxConnections: 4096           # open at a time, each with some 40 KiB; further ones are closed
//	  requestTimeout: 30s            # from a request to its answer, before clients give up: Okta does after 60s; then 503
//	  readTimeout: 30s               # of the TLS handshake, of a header, of a body: the largest over 1 Mbit/s; then 408
//	  writeTimeout: 30s              # of an answer, over the same line
//	  idleTimeout: 2m                # of a connection between requests, as a provisioning job leaves it
//	  shutdownDelay: 0s              # on SIGTERM, from when /readyz says that the bridge ends until it takes no more connections
//
//	directory:
//	  urls:                          # ldaps://, ldap:// or ldapi://, tried in order
//	    - ldaps://dc1.corp.example
//	    - ldaps://dc2.corp.example
//	  kind: active-directory         # openldap, 389ds, active-directory, generic; default: read from the root DSE
//	  # of a product that is not known, or where one is set up otherwise:
//	  # id: ipaUniqueID              # attribute that holds the stable id of every entry; default: the product's, else entryUUID
//	  # idForm: text                 # how: text as it is shown, uuid, octets (16, shown as a UUID), guid (16 as Active Directory's)
//	  # entryDN: entryDN             # attribute that finds an entry by its DN in a filter
//	  # version: modifyTimestamp     # attribute that changes with each write of the entry
//	  # created: createTimestamp
//	  # modified: modifyTimestamp
//	  # blocked: nsAccountLock       # attribute by which the server itself keeps an account from binding
//	  # keepsReferences: false       # before it answers the server itself takes deleted and renamed DNs out of what refers to them
//	  bind:
//	    dn: CN=scimbridge,OU=Service,DC=corp,DC=example
//	    passwordFile: bind.password  # or password: in the file itself, or by SCIMBRIDGE_DIRECTORY_BIND_PASSWORD; the file is
//	    #                            # read for each connection, and while the directory refuses its password until it holds another
//	    # external: true             # in place of a password, SASL EXTERNAL: the certificate below says who the bridge is, or over
//	    #                            # ldapi:// whose process it is; dn then only where the server cannot tell whose entry that is
//	    #                            # (RFC 4532). Active Directory binds by the certificate itself over ldaps://: leave bind out
//	  tls:
//	    startTLS: false              # on ldap:// URLs
//	    ca: ca.pem                   # PEM; default: the system's roots
//	    serverName: dc.corp.example  # the name in the server's certificate; default: the URL's host
//	    certificate: client.crt      # the bridge's own, for a server that asks for one: PEM, the chain included; read for each connection
//	    key: client.key
//	  timeout: 5s                    # of one LDAP operation, connecting included
//	  pageSize: 500                  # of a long answer that is read in pages; where the server allows less, smaller pages are asked for
//	  allowCleartext: false          # let ldap:// without StartTLS leave this machine
//	  breaker:                       # after outages in a row, requests are refused at once until a probe succeeds
//	    failures: 3
//	    pause: 1s                    # from one look whether a server answers to the next; longer after a refused bind
//	  failover:                      # of several urls, another than the one in use is taken
//	    back: 1m                     # how long an earlier server must have been well until it is taken again; 5s at least
//	    stay: false                  # with the server in use until it fails: no earlier one is gone back to
//	    lag: 3s                      # how long a server is waited for that may not have got what another has confirmed
//
//	resources:                       # the attribute map, one item for each SCIM resource type
//	  - type: User
//	    base: OU=People,DC=corp,DC=example # or a list; new entries go below the first, `base` in expressions
//	    objectClasses:               # of new entries; an auxiliary one may be for some of them
//	      - user
//	      - {class: posixAccount, when: 'userName endsWith "@corp.example"'} # expression, true or false
//	    filter: (!(isCriticalSystemObject=TRUE)) # scope: entries that do not match do not exist for SCIM
//	    dn: '"CN=" + rdn(before(userName, "@")) + "," + base' # expression: the place of a new entry
//	    onForbidden: skip            # drop what a found entry's classes forbid; left out: such a request is refused
//	    rename: never                # dn names new entries alone; left out: they follow what it is made of
//	    createParents: false         # make the organizational units that dn puts an entry below where they are missing
//	    tombstone: extensionName     # LDAP attribute that holds the userName that Entra gives a soft-deleted user
//	    unique: [userName]           # SCIM attributes that no two share, beside userName and the displayName of groups
//	    match:                       # keys by which a POST, and a query before it, finds an entry that was there before
//	      - userName
//	      - {scim: userName, in: 'emails[type eq "work"].value'} # the userName of the POST, where the entry has its mail
//	    attributes:
//	      - {scim: userName, ldap: userPrincipalName}
//	      - {scim: externalId, ldap: employeeNumber}
//	      - {scim: 'emails[type eq "work"].value', ldap: mail} # `shares: userName` where that stands in mail too
//	      - {scim: name.familyName, ldap: sn, empty: userName} # what stands in where the SCIM attribute is unassigned
//	      - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager, reference: User}
//	      - {ldap: sAMAccountName, value: 'truncate(lower(before(userName, "@")), 20)', on: create, unique: true} # computed
//	      - scim: password
//	        ldap: unicodePwd
//	        initial: {length: 24, classes: [lower, upper, digit, symbol]} # of new accounts for which the client sends none
//	      # - {scim: password, ldap: userPassword, by: password-modify} # set by the operation for that (RFC 3062), not as a value
//	      - {ldap: company, constant: Corp}
//	      - ldap: uidNumber          # a number that is the new entry's own
//	        on: create
//	        allocate:
//	          from: 20000
//	          to: 29999
//	          counter: CN=uidNext,OU=System,DC=corp,DC=example # holds the next number; it is made on first use
//	          attribute: serialNumber # of the counter, this is the default
//	          objectClasses: [device] # that it is made with, this is the default; with another attribute none: it is there already
//	      - {scim: 'emails[type eq "home"].value', ldap: proxyAddresses, prefix: 'smtp:', match: any} # a part of the attribute's values
//	      - {scim: 'emails[type eq "other"].value', ldap: proxyAddresses, where: 'value startsWith "x500:"'}
//	      - {scim: displayName, ldap: displayName, also: [displayNamePrintable]} # written to further attributes too
//	      - {scim: 'photos[type eq "photo"].value', ldap: thumbnailPhoto, max: 102400} # octets
//	      - scim: 'phoneNumbers[type eq "work"].value'
//	        ldap: telephoneNumber
//	        value: 'replace(value, " ", "")' # both ways: what is written for the SCIM value,
//	        read: value              # and what is read of the LDAP value
//	        samples: ["+41-44"]      # SCIM values that must come back as they were
//	      - scim: 'urn:example:scim:schemas:extension:term:2.0:User:leaves'
//	        ldap: accountExpires
//	        as: fileTime             # the form, where the schema does not tell it: text, generalizedTime, fileTime, shadowDays, binary,
//	                                 # photo, postalAddress, telephone, labeledURI, language
//	        empty: '"0"'
//	        define: {type: dateTime}
//	    groups: direct               # or transitive: served by what groups hold; from an attribute that the server surely keeps:
//	    # groups: {show: transitive, attribute: memberOf}
//	    active: {by: userAccountControl} # a preset, or a list of them, or one's own:
//	    # active: {attribute: employeeType, blocked: inactive, unblocked: active}
//	    # active: {attribute: userAccountControl, bit: 0x2, initial: 512}
//	    delete: {mode: delete}       # or the entry is kept, blocked, until a POST of the same name revives it:
//	    # delete: {mode: block, marker: {attribute: employeeType, value: deleted}} # it stays, and the value tells it for a leaver's
//	    # delete: {mode: strip, marker: {attribute: employeeType, value: deleted}} # and loses what the map gave it
//	    # delete: {mode: move, to: 'OU=Leavers,DC=corp,DC=example'}                # it goes to a place that tells it for a leaver's
//	    onBlock:                     # what else becomes of who is blocked, for as long as he is
//	      clear: [mail]              # LDAP attributes that he loses
//	      leaveGroups: true          # he is taken out of the groups
//	      set: {attribute: businessCategory, value: left} # one or a list: values that he gets, and loses when he is let in again
//	    onTombstone: {clear: [telephoneNumber]} # the same, of who is soft-deleted
//	  - type: Group
//	    base: OU=Groups,DC=corp,DC=example
//	    objectClasses: [group]
//	    dn: '"CN=" + rdn(displayName) + "," + base'
//	    attributes:
//	      - {scim: displayName, ldap: cn, choose: first(values)} # of several, which shows: they come in alphabetical order
//	      - {scim: externalId, ldap: info}
//	    members:
//	      attribute: member
//	      form: dn
//	      # placeholder: cn=nobody,dc=example,dc=org # for groupOfNames, which cannot be empty
//	      # suffixes: true           # of uniqueMember: `uid=anna,…#'0101'B` is whoever has the DN, too; reads groups' lists
//	    # members: {attribute: memberUid, form: value, of: uid} # the member's uid; or a list, which is kept in step
//	  - type: Device                 # a type of one's own
//	    endpoint: /Devices
//	    schema: urn:example:scim:schemas:core:2.0:Device
//	    description: Things with a network address
//	    base: OU=Devices,DC=corp,DC=example
//	    objectClasses: [device]
//	    dn: '"CN=" + rdn(displayName) + "," + base'
//	    unique: [displayName]
//	    extensions:                  # what is to be said of an extension as a whole
//	      - {schema: 'urn:example:scim:schemas:extension:asset:2.0:Device', required: true} # a Device without it is refused
//	    attributes:
//	      - {scim: displayName, ldap: cn, define: {required: true}} # what no RFC defines is defined here
//	      - {scim: owner, ldap: owner, reference: User}
//	      - scim: 'urn:example:scim:schemas:extension:asset:2.0:Device:labels' # an extension of one's own
//	        ldap: description
//	        define:
//	          type: string           # string, boolean, decimal, integer, dateTime, binary, reference
//	          multiValued: true
//	          caseExact: false
//	          mutability: readWrite  # readWrite, readOnly, immutable, writeOnly
//	          returned: default      # default, always, request, never
//	          canonicalValues: [spare, in use]
//	          description: What is stuck on it
//	      - scim: 'urn:example:scim:schemas:extension:asset:2.0:Device:places[type eq "floor"].value'
//	        ldap: l                  # one of many values, told apart as emails are
//	      - scim: 'urn:example:scim:schemas:extension:asset:2.0:Device:manual'
//	        ldap: labeledURI
//	        define: {type: reference, referenceTypes: [external]} # external, uri or names of resource types
//
//	references:                      # entries that are no resources and refer to some; not needed where the server sees to that
//	  bases:                         # below these, what refers to a user or group that is renamed or deleted follows, or lets go
//	    - ou=Applications,DC=corp,DC=example
//	  attributes: [owner, uniqueMember] # by which it does, beside those that the map refers by
//
//	strict: false                    # refuse what clients send beyond the RFCs, as strings for booleans
//
//	access:                          # bearer tokens: all that are named are valid, and those that scimbridge token makes in the store
//	                                 # files are read again when they change, and on SIGHUP: replace them by a rename, for one that
//	                                 # is written in place may be read half written
//	  tokensFile: tokens.yaml        # a list of {name, token} or {name, sha256}, where two may have one name, to take turns; beside them
//	                                 # role: provisioner (default), users-only, groups-only, reader, operator: what the token may;
//	                                 # an operator reads, as a reader does: what operators do besides, they do by commands
//	                                 # addresses: [192.0.2.7, 198.51.100.0/24]: from where alone it is valid
//	                                 # expires: 2027-01-31: the last day of it (UTC), or a time; the log tells 14 days before
//	                                 # user: a userName whose account /Me is
//	  entra:                         # tenants of Entra that call with tokens of its own: an application with the secret left blank
//	    - tenant: 7b1f0a52-3c0d-4a4e-9f51-0d8e6a1c2b34 # its id: all that tells one customer of Entra's from another
//	      name: entra                # of the caller; this is the default, as are the next four
//	      audience: [8adf8e6e-67b2-4cf2-a259-e3dc5476c621] # whom the token is for: any application that is in no gallery
//	      application: 00000014-0000-0000-c000-000000000000 # that calls: Entra's provisioning service
//	      authority: https://login.microsoftonline.com # where its keys are found; read hourly, and for a key that is not known
//	      sts: https://sts.windows.net # what names the issuer of its tokens of version 1
//	      role: provisioner
//	      addresses: [20.0.0.0/8]    # from where alone; left out: from everywhere
//	  oauth:                         # clients that fetch tokens at /oauth/token (client credentials): each 100 at once from an address,
//	                                 # and then ten a second, for a token is to be kept until it ends; more are 429
//	    keyFile: oauth.key           # signs the tokens, so it is the same in every copy: 32 characters at the least, one key a line: the
//	                                 # first signs, the others hold still; or key: in the file itself, or by SCIMBRIDGE_ACCESS_OAUTH_KEY
//	    lifetime: 60m                # of a token; this is the default, 24h the most
//	    clients:
//	      - id: entra
//	        secretFiles: [entra.secret, entra-next.secret] # one or two, which take turns; whoever has a token loses it with its secret
//	        role: provisioner
//	        addresses: [20.0.0.0/8]
//	      - id: entra-workload
//	        assertion:               # a workload identity of Entra's in place of a secret, as Entra shows it
//	          tenant: 7b1f0a52-3c0d-4a4e-9f51-0d8e6a1c2b34
//	          audience: api://0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f
//	          subject: 5e6f7a8b-9c0d-4e1f-a2b3-c4d5e6f7a8b9
//	          # application: an id that appid or azp must be; authority, sts: as above
//	  tokenFile: token               # a file with one token; or token: in the file itself, or by SCIMBRIDGE_ACCESS_TOKEN
//
//	guard:
//	  protected:                     # entries that are never written, with everything below them; in brackets a DN needs quotes:
//	    - OU=Administrators,OU=People,DC=corp,DC=example # protected: ["OU=Administrators,OU=People,DC=corp,DC=example"]
//	  privilegedGroups:              # groups that are never written, nor who is in them (Active Directory: through any number of groups,
//	    - CN=Payroll,OU=Groups,DC=corp,DC=example # and beside those that it guards by itself)
//	                                 # elsewhere each must show its members, by DN: while one shows none, nothing is written
//	  ignoreAdminCount: false        # Active Directory leaves adminCount=1 on who was privileged once: let membership alone count
//	  limits:                        # how much may come about in a time, in all copies together, before writes of the kind are held until
//	                                 # scimbridge hold approve or refuse; counted in the store. For what is not named here the defaults
//	                                 # hold: 100 or 10% an hour, of membersRemoved 500 or 50%
//	    - effect: blocked            # blocked, deleted, membersRemoved, renamed, moved
//	      type: User                 # left out: each resource type by itself
//	      most: 50                   # beside `of` the smaller of both counts
//	      of: 5%                     # of the resources of the type, ten at the least; of membersRemoved, of the users
//	      within: 1h                 # this is the default, 744h the most; further lines may bound it within other times
//	    - effect: moved
//	      off: true                  # any number
//
//	store:                           # what is about the bridge itself: a SQLite file, or PostgreSQL where several copies share it;
//	                                 # left out: scimbridge.db in systemd's $STATE_DIRECTORY, and no store where there is no such folder
//	  file: /var/lib/scimbridge/scimbridge.db # made where it is missing; not on a network file system
//	  # url: postgres://scimbridge@db.corp.example/scimbridge?sslmode=verify-full # without a password
//	  # passwordFile: store.password # the user's; read at each connect
//	  timeout: 5s                    # of one transaction, waiting for others included
//	  # allowCleartext: false        # let PostgreSQL without TLS leave this machine
//
//	journal:                         # what was done and refused, in the store
//	  onFailure: refuse              # while it cannot be written: refuse writes (503), or continue, and write it down later
//	  lease: 30s                     # how long another copy may be silent before what it left open is looked up in the directory
//	  retention: 9600h               # 400 days: what is older is cut off, with a record that says so
//	  maxSize: 0                     # bytes that the journal may take, about; past it the oldest is cut off, refusals first. 0: any
//
//	webhook:                         # tells a receiver what happened, from the store: at least once, of one resource in order
//	  url: https://hooks.corp.example/scimbridge # POST, JSON; http:// for a loopback address, or with allowCleartext
//	  keyFile: webhook.key           # signs (HMAC-SHA256, as Standard Webhooks have it): whsec_ and 24 to 64 octets in base64, one key
//	                                 # a line, or two that take turns: a message is signed by both; read for each message
//	  events: [created, blocked, deleted, held] # of which it tells; left out: of all but refused. There are created, linked, enabled,
//	                                 # blocked, changed, renamed, moved, deleted, softDeleted, revived, passwordSet, membersAdded,
//	                                 # membersRemoved, placeMade, restored, and refused (a request), held (a limit holds writes back)
//	  giveUpAfter: 24h               # then a message that the receiver does not take is kept, and not sent any more; the log tells
//	  timeout: 10s                   # of an answer; 15s the most
//	  ca: ca.pem                     # that signed the receiver's certificate; left out: any that the system trusts
//	  allowCleartext: false          # let http:// leave this machine
//
//	limits:                          # what one request may cost; at these values no client that means well notices
//	  lookThrough: 100000            # entries that a sort, or a filter which LDAP cannot say, may look through: seconds, dozens of MiB
//	  page: 1000                     # resources on a page: a megabyte; announced
//	  bulkOperations: 1000           # of a bulk request: seconds; announced
//	  bulkPayload: 2097152           # bytes of one: a thousand users; announced
//	  patchOperations: 1000          # of a PATCH, beside those on members: each looks at every value of its attribute
//	  values: 10000                  # of one attribute, other than members: each costs the directory a value
//	  filterLength: 262144           # bytes: thousands of ids
//	  filterTerms: 5000              # comparisons: the directory makes them for every entry that no index leaves out
//	  filterDepth: 50                # parentheses in parentheses: servers drop connections from about 1,000 on
//	  requests: 256                  # of one caller at a time, of all twice as many: one does not keep out another; more are 503
//	  working: 64                    # of these, that are worked on; the others wait, and who is disabled or removed goes first
//	  rate: 0                        # requests a second of one caller, ten seconds' worth at once; more are 429. 0: any, for Entra wants
//	                                 # 25 at the least, and keeps to no limit of its own
//
//	log:
//	  level: info                    # debug, info, warn, error
//	  format: json                   # json, text
//
//	admin:                           # for operators and their tools, without a token: /metrics (Prometheus), /healthz, /readyz, and /log,
//	                                 # to which this machine may PUT another level; left out: there is none of it
//	  address: 127.0.0.1:9090        # from beyond this machine it tells what is wrong, and no words of the configuration's
package config
