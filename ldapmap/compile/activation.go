package compile

import (
	"fmt"
	"strings"
)

// Activation is one way in which `active` stands in the directory. An entry is blocked where the bit is set, or where the attribute
// holds the blocked value (or lacks the unblocked one, where blocked is absence).
type Activation struct {
	Attribute string
	Bit       int // 0: by values
	Initial   int // the integer of a new active entry
	Blocked   string
	Unblocked string
	// ClearedByPassword says that the server takes the blocked value away when a password is set, unless the same change says otherwise.
	ClearedByPassword bool
}

// presets are the ways that directories ship.
var presets = map[string]Activation{
	// [MS-ADTS] §2.2.16: ACCOUNTDISABLE is 0x2, NORMAL_ACCOUNT 0x200.
	"useraccountcontrol": {Attribute: "userAccountControl", Bit: 0x2, Initial: 0x200},
	// 389 Directory Server: nsAccountLock true blocks the bind; absence lets in.
	"nsaccountlock": {Attribute: "nsAccountLock", Blocked: "true"},
	// draft-behera-ldap-password-policy §5.3.3: the zero time is a lock that no time ends; any other time is a lock-out by failed binds.
	"pwdaccountlockedtime": {Attribute: "pwdAccountLockedTime", Blocked: "000001010000Z", ClearedByPassword: true},
}

func compileActivation(o ActiveOptions) (Activation, string) {
	if o.By != "" {
		a, ok := presets[strings.ToLower(o.By)]
		if !ok {
			return a, fmt.Sprintf("%q is no preset: userAccountControl, nsAccountLock and pwdAccountLockedTime are", o.By)
		}
		if o.Attribute+o.Blocked+o.Unblocked != "" || o.Bit != 0 {
			return a, "`by` stands alone, or with `initial`"
		}
		if o.Initial != 0 {
			a.Initial = o.Initial
		}
		return a, ""
	}
	a := Activation{Attribute: o.Attribute, Bit: o.Bit, Initial: o.Initial, Blocked: o.Blocked, Unblocked: o.Unblocked}
	switch {
	case o.Attribute == "":
		return a, "names neither a preset (`by`) nor an `attribute`"
	case o.Bit < 0 || o.Bit&(o.Bit-1) != 0:
		return a, fmt.Sprintf("bit %d is not one bit", o.Bit)
	case o.Bit != 0 && o.Blocked+o.Unblocked != "":
		return a, "is either by `bit` or by `blocked` and `unblocked`"
	case o.Bit == 0 && o.Blocked == o.Unblocked:
		return a, "`blocked` and `unblocked` are the same"
	case o.Initial&o.Bit != 0:
		return a, "`initial` already has the blocking bit"
	}
	return a, ""
}
