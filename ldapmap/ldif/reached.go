package ldif

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Reached is how a server that replicates tells how far it has got of a naming context: of each server that is written to, the last change
// that has come here.
type Reached struct {
	Attribute string
	// Counts says that the attribute tells of the other servers alone, and MarkAttribute of the server itself, which InstanceAttribute
	// names: a count that grows too with what comes to no other server, or not soon. What another must have got is what it was when the
	// last write had been confirmed.
	Counts bool
	parent func(context string) string // DN of the entry that has it; nil: the naming context's own
	read   func(values []string) map[string]string
}

// At is the DN of the entry that has the attribute.
func (r *Reached) At(context string) string {
	if r.parent == nil {
		return context
	}
	return r.parent(context)
}

// Apart says that it is another entry than the naming context's own, which is not there where the server does not replicate.
func (r *Reached) Apart() bool { return r.parent != nil }

// Of are the last changes by the servers that they were made at. Of two for one server the later is the greater text. It is nil where the
// values do not tell.
func (r *Reached) Of(values []string) map[string]string {
	last := r.read(values)
	if len(last) == 0 {
		return nil
	}
	return last
}

// contextCSN is OpenLDAP's: a CSN for each server.
var contextCSN = &Reached{
	Attribute: "contextCSN",
	read: func(values []string) map[string]string {
		last := map[string]string{}
		for _, csn := range values {
			parts := strings.Split(csn, "#") // the time, a count, the server, a count
			if len(parts) != 4 {
				return nil
			}
			last[parts[2]] = csn
		}
		return last
	},
}

// updateVector is that of 389 Directory Server (RUV): `{replica 1 ldap://host:port} CSN CSN` for each server, where the second is the last,
// and before them which copy of the database all is of. A vector of another is of changes that never come here.
var updateVector = &Reached{
	Attribute: "nsds50ruv",
	parent:    func(context string) string { return "cn=replica," + MappingTree(context) },
	read: func(values []string) map[string]string {
		last, generation := map[string]string{}, ""
		for _, value := range values {
			head, rest, _ := strings.Cut(strings.TrimPrefix(value, "{"), "}")
			of, csns := strings.Fields(head), strings.Fields(rest)
			switch {
			case len(of) == 1 && of[0] == "replicageneration" && len(csns) == 1:
				generation = csns[0]
			case len(of) >= 2 && of[0] == "replica" && len(csns) >= 2:
				last[of[1]] = csns[1]
			case len(of) >= 2 && of[0] == "replica" && len(csns) == 0: // nothing was written there
			default:
				return nil
			}
		}
		if generation == "" {
			return nil
		}
		vector := map[string]string{}
		for replica, csn := range last {
			vector[generation+" "+replica] = csn
		}
		return vector
	},
}

// MappingTree is the DN of the configuration of where 389 Directory Server has a naming context.
func MappingTree(context string) string {
	return "cn=" + EscapeRDN(context) + ",cn=mapping tree,cn=config"
}

// upToDateVector is Active Directory's ([MS-DRSR] §5.166, UPTODATE_VECTOR_V1_EXT and _V2_EXT): for each other server, by its invocationId,
// the USN there of the last change.
var upToDateVector = &Reached{
	Attribute: "replUpToDateVector", Counts: true,
	read: func(values []string) map[string]string {
		const head, id, usn = 16, 16, 8
		if len(values) != 1 || len(values[0]) < head {
			return nil
		}
		vector := []byte(values[0])
		cursor := id + usn
		switch version := binary.LittleEndian.Uint32(vector); version {
		case 1:
		case 2:
			cursor += 8 // when the server was heard of last
		default:
			return nil
		}
		count, cursors := binary.LittleEndian.Uint32(vector[8:]), vector[head:]
		if uint64(len(cursors)) != uint64(count)*uint64(cursor) {
			return nil
		}
		last := map[string]string{}
		for ; len(cursors) > 0; cursors = cursors[cursor:] {
			last[Instance(string(cursors[:id]))] = count20(binary.LittleEndian.Uint64(cursors[id:]))
		}
		return last
	},
}

// Instance is an invocationId in hex.
func Instance(invocationID string) string { return hex.EncodeToString([]byte(invocationID)) }

// Counted is a server's own count as Of has those of others; "": it is none.
func Counted(count string) string {
	n, err := strconv.ParseUint(count, 10, 64)
	if err != nil {
		return ""
	}
	return count20(n)
}

// count20 has as many digits as the largest: the greater text is the later.
func count20(n uint64) string { return fmt.Sprintf("%020d", n) }
