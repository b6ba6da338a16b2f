package dirtest

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Suppliers is Mirror with two 389 Directory Servers (multi-supplier replication).
func Suppliers(t testing.TB, options ...DS389Option) (servers [2]*Server, ways [2]*Proxy) {
	t.Helper()
	password := rand.Text()
	for i := range servers {
		servers[i] = DS389(t, append(options, func(s *ds389) { s.password = password })...)
	}
	for i, s := range servers {
		ways[1-i] = Counted(t, s)
	}
	for i, s := range servers {
		to, err := url.Parse(ways[i].URL)
		if err != nil {
			t.Fatal(err)
		}
		s.Load(t, fmt.Sprintf(`dn: %[1]s
objectClass: person
cn: replication manager
sn: manager
userPassword: %[2]s

dn: cn=replica,%[3]s
objectClass: nsDS5Replica
cn: replica
nsDS5ReplicaRoot: %[4]s
nsDS5ReplicaId: %[5]d
nsDS5ReplicaType: 3
nsDS5Flags: 1
nsDS5ReplicaBindDN: %[1]s
nsds5ReplicaBackoffMin: 1
nsds5ReplicaBackoffMax: 1

dn: %[6]s
objectClass: nsds5replicationAgreement
cn: other
nsDS5ReplicaRoot: %[4]s
nsDS5ReplicaHost: %[7]s
nsDS5ReplicaPort: %[8]s
nsDS5ReplicaTransportInfo: LDAP
nsDS5ReplicaBindMethod: SIMPLE
nsDS5ReplicaBindDN: %[1]s
nsDS5ReplicaCredentials: %[2]s
`, replicationManager, password, s.node(), s.Suffix, i+1, s.agreement(), to.Hostname(), to.Port()))
	}
	servers[0].set(t, servers[0].agreement(), "nsds5BeginReplicaRefresh", "start")
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		e := servers[0].Entry(t, servers[0].agreement(), "nsds5BeginReplicaRefresh", "nsds5replicaLastInitStatus")
		if e.Value("nsds5BeginReplicaRefresh") == "" && strings.Contains(e.Value("nsds5replicaLastInitStatus"), "succeeded") {
			break
		}
		if time.Now().After(until) {
			t.Fatal(e)
		}
	}
	for _, s := range servers { // of what came with the copy a server tells once there is a change
		s.change(t, ldap.ReplaceAttribute, s.People, "description", "replicated")
	}
	servers[1].CatchUp(t, servers[0])
	servers[0].CatchUp(t, servers[1])
	return servers, ways
}

const replicationManager = "cn=replication manager,cn=config"

// Sends has the server send what it is told to the other, or stop.
func (s *Server) Sends(t testing.TB, yes bool) {
	t.Helper()
	if s.Kind == ldif.ActiveDirectory {
		const isGC, disableOutbound = 1, 4 // [MS-ADTS] §6.1.1.2.2.1.2.1.1
		s.set(t, s.service(t), "options", strconv.Itoa(map[bool]int{true: isGC, false: isGC | disableOutbound}[yes]))
		return
	}
	s.set(t, s.agreement(), "nsds5ReplicaEnabled", map[bool]string{true: "on", false: "off"}[yes])
}

// agreement is the DN of what 389 Directory Server is told of the other.
func (s *Server) agreement() string { return "cn=other,cn=replica," + s.node() }
