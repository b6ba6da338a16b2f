package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"scimbridge/bridge/journal"
)

// forgotten is what of a person is erased, as programs read it.
type forgotten struct {
	Applied  bool         `json:"applied"`
	IDs      []string     `json:"ids,omitempty"`
	Names    []string     `json:"names,omitempty"`
	DNs      []string     `json:"dns,omitempty"`
	Erased   int          `json:"erased"`
	Blanked  int          `json:"blanked"`
	Open     []journal.ID `json:"open,omitempty"`
	Residual bool         `json:"residual,omitempty"`
}

// Forgotten prints what was erased of a person, or what would be where it is not applied; until says where it may stand a while.
func Forgotten(out io.Writer, f journal.Forgotten, applied, asJSON bool, until string) error {
	if asJSON {
		text, err := json.Marshal(forgotten{applied, f.Person.IDs, f.Person.Names, f.Person.DNs, f.Erased, f.Blanked, f.Open, f.Residual})
		if err == nil {
			_, err = out.Write(append(VisibleJSON(text), '\n'))
		}
		return err
	}
	var b strings.Builder
	for _, known := range []struct {
		as    string
		texts []string
	}{{"id", f.Person.IDs}, {"name", f.Person.Names}, {"dn", f.Person.DNs}} {
		for _, text := range known.texts {
			fmt.Fprintf(&b, "%-6s %s\n", known.as, Plain(text))
		}
	}
	did := map[bool]string{true: "Erased", false: "To be erased"}[applied]
	fmt.Fprintf(&b, "%s: what %d records about the person say, and what names the person in %d about others.\n", did, f.Erased, f.Blanked)
	if len(f.Open) > 0 {
		var open []string
		for _, id := range f.Open {
			open = append(open, id.String())
		}
		fmt.Fprintf(&b, "Not erased, for nobody knows yet what became of these writes: %s. Forget again when it is known.\n",
			strings.Join(open, ", "))
	}
	if f.Residual {
		fmt.Fprintf(&b, "The database may hold it %s.\n", until)
	}
	if !applied {
		fmt.Fprintln(&b, "Nothing is erased yet; --apply does it, and nobody can take that back.")
	}
	_, err := io.WriteString(out, b.String())
	return err
}
