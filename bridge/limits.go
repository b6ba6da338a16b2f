package bridge

// Limits is the configuration's `limits` section: what one request may cost.
type Limits struct {
	LookThrough    int `koanf:"lookThrough"`    // entries that a sort, or a filter beyond LDAP, may look through; 0: DefaultLookThrough
	BulkOperations int `koanf:"bulkOperations"` // operations of a bulk request; 0: DefaultBulkOperations
	BulkPayload    int `koanf:"bulkPayload"`    // octets of a bulk request; 0: DefaultBulkPayload
}

// The defaults.
const (
	DefaultLookThrough    = 100_000 // reading so many entries takes seconds, and a few dozen MiB
	DefaultBulkOperations = 1_000   // each is a write or two: some seconds against a quick directory
	DefaultBulkPayload    = 2 << 20 // a thousand users as Entra sends them
)

// Check reports what is wrong with the limits by key path.
func (l *Limits) Check(report func(path, problem string)) {
	for path, n := range map[string]int{"lookThrough": l.LookThrough, "bulkOperations": l.BulkOperations, "bulkPayload": l.BulkPayload} {
		if n < 0 {
			report(path, "must be positive")
		}
	}
}

func (l Limits) withDefaults() Limits {
	if l.LookThrough == 0 {
		l.LookThrough = DefaultLookThrough
	}
	if l.BulkOperations == 0 {
		l.BulkOperations = DefaultBulkOperations
	}
	if l.BulkPayload == 0 {
		l.BulkPayload = DefaultBulkPayload
	}
	return l
}
