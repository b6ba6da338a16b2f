package guard

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
)

// Limit bounds how much of an effect may come about within a time, in all copies of the bridge together.
type Limit struct {
	// what is limited
	Effect string `koanf:"effect" one:"blocked deleted membersRemoved renamed moved" required:"true"`
	Type   string `koanf:"type"` // resource type; left out: each, by itself
	Most   int    `koanf:"most"` // how many; beside `of` the smaller of both counts
	// a share of what the type has, ten at the least; of membersRemoved, of the users
	Of     string        `koanf:"of" is:"share"`
	Within time.Duration `koanf:"within"` // the time that it is counted over, 744h at the most
	Off    bool          `koanf:"off"`    // any number may come about
}

// kinds are the effects that may be limited; the configuration and the store name them by their words.
var kinds = []ldif.EffectKind{ldif.Blocked, ldif.Deleted, ldif.MembersRemoved, ldif.Renamed, ldif.Moved}

// kindOf is the effect of a word, "" of none.
func kindOf(word string) ldif.EffectKind {
	for _, k := range kinds {
		if k.Word() == word {
			return k
		}
	}
	return ""
}

// DefaultLimits hold where the configuration says nothing of an effect: more than a day's leavers, and a fifth of what Entra's own
// threshold of accidental deletions (500) lets pass.
var DefaultLimits = []Limit{
	{Effect: "blocked", Most: 100, Of: "10%"},
	{Effect: "deleted", Most: 100, Of: "10%"},
	{Effect: "membersRemoved", Most: 500, Of: "50%"}, // who leaves, leaves several groups
	{Effect: "renamed", Most: 100, Of: "10%"},
	{Effect: "moved", Most: 100, Of: "10%"},
}

const (
	// DefaultWithin is longer than the 40 minutes between two of Entra's cycles.
	DefaultWithin = time.Hour
	// longestWithin bounds what is kept to count by.
	longestWithin = 31 * 24 * time.Hour
	// fewest is what a share comes to at the least: five per cent of forty are two.
	fewest = 10
)

// CheckLimits reports what is wrong with the limits by key path. types are those of the map; stored says whether there is a store.
func (o *Options) CheckLimits(report func(path, problem string), types []string, stored bool) {
	if len(o.Limits) > 0 && !stored {
		report("limits", "are counted in the store, and there is none: say where under `store`")
	}
	for i, l := range o.Limits {
		fault := func(key, problem string) { report(fmt.Sprintf("limits[%d].%s", i, key), problem) }
		if kindOf(l.Effect) == "" {
			fault("effect", fmt.Sprintf("%q is not limited: say %s", l.Effect, words()))
		}
		if l.Type != "" && !slices.Contains(types, l.Type) {
			fault("type", fmt.Sprintf("the map has no %q: it has %s", l.Type, strings.Join(types, ", ")))
		}
		_, err := share(l.Of)
		switch {
		case l.Off && (l.Most != 0 || l.Of != ""):
			fault("off", "contradicts most and of: leave them out")
		case l.Most < 0:
			fault("most", "must be positive")
		case err != nil:
			fault("of", err.Error())
		case !l.Off && l.Most == 0 && l.Of == "":
			fault("most", "is missing, and so is of: say how much may come about, as most: 50 or of: 5%; off: true for any")
		}
		if l.Within != 0 && (l.Within < time.Minute || l.Within > longestWithin) {
			fault("within", "must be between 1m and 744h")
		}
		for j, other := range o.Limits[:i] {
			switch {
			case other.Effect != l.Effect || other.Type != l.Type:
			case other.Off || l.Off:
				fault("effect", fmt.Sprintf("is limited, and off: limits[%d] is about it too", j))
			case other.within() == l.within():
				fault("effect", fmt.Sprintf("is limited within the same time by limits[%d] too", j))
			}
		}
	}
}

func words() string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.Word())
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// share reads a share, as 5%; 0 of none.
func share(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !percent || !(value > 0 && value <= 100) {
		return 0, fmt.Errorf("%q is no share: write it as 5%%, up to 100%%", text)
	}
	return value / 100, nil
}

// WithDefaults is the limit with what holds where it says nothing.
func (l Limit) WithDefaults() Limit {
	l.Within = cmp.Or(l.Within, DefaultWithin)
	return l
}

func (l Limit) within() time.Duration { return l.WithDefaults().Within }

// bound is a limit of one type's.
type bound struct {
	effect string
	most   int     // 0: none
	of     float64 // 0: none
	within time.Duration
}

// boundsOf are the limits of a type: for each effect those that name the type, else those that name none, else the default.
func boundsOf(limits []Limit, typ string) (bounds []bound) {
	for _, k := range kinds {
		of := func(limits []Limit, typ string) []Limit {
			isOther := func(l Limit) bool { return l.Effect != k.Word() || l.Type != typ }
			return slices.DeleteFunc(slices.Clone(limits), isOther)
		}
		said := of(limits, typ)
		if len(said) == 0 {
			said = of(limits, "")
		}
		if len(said) == 0 {
			said = of(DefaultLimits, "")
		}
		for _, l := range said {
			if !l.Off {
				part, _ := share(l.Of)
				bounds = append(bounds, bound{k.Word(), l.Most, part, l.within()})
			}
		}
	}
	return bounds
}

// certain says whether a sum is within the bound, or over it, whatever the total is.
func (b bound) certain(sum int) (over, known bool) {
	switch {
	case b.most > 0 && sum > b.most:
		return true, true
	case b.of == 0 || sum <= fewest:
		return false, true
	}
	return false, false
}

// at is how much the bound lets pass of so many: the smaller of what `most` and `of` say. A share is ten at the least; of what could not be
// counted to the end `most` alone says it, where there is one.
func (b bound) at(t total) int {
	if b.of == 0 || t.partly && b.most > 0 {
		return b.most
	}
	part := max(fewest, int(math.Ceil(b.of*float64(t.count)-1e-9)))
	if b.most > 0 {
		part = min(part, b.most)
	}
	return part
}

// counted is how much of an effect a plan does.
type counted struct {
	effect string
	count  int
	whom   string // what tells it apart from others of the effect: the same counts once
}

// countsOf are how much of what may be limited is among the effects of a plan: on the entry alone that it is about, for what it does to
// others keeps references true, and of one that is there already. Who is deleted is nothing else besides.
func countsOf(before *ldif.Entry, effects []ldif.Effect) (counts []counted) {
	if before == nil {
		return nil
	}
	for _, k := range kinds {
		c := counted{effect: k.Word(), whom: before.DN}
		var members []string
		for _, e := range effects {
			if e.DN != before.DN || e.Kind != k {
				continue
			}
			if e.ID != "" {
				c.whom = e.ID
			}
			if e.Kind == ldif.MembersRemoved {
				members = append(members, e.Values...)
			} else {
				c.count = 1
			}
		}
		if len(members) > 0 {
			c.count, c.whom = len(members), c.whom+" "+digestOf(members)
		}
		switch {
		case c.count > 0 && k == ldif.Deleted:
			return []counted{c}
		case c.count > 0:
			counts = append(counts, c)
		}
	}
	return counts
}

// digestOf tells members apart from others, in whatever order they stand.
func digestOf(members []string) string {
	sorted := slices.Sorted(slices.Values(members))
	digest := sha256.Sum256([]byte(strings.Join(sorted, "\x00")))
	return hex.EncodeToString(digest[:16])
}
