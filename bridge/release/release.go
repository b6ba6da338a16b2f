// Package release says which program this is: what `go build` put into it, of the version control too where that was at hand.
package release

import (
	"runtime/debug"
	"strings"
	"sync"
)

// Info is which program this is. What nobody put into it is "".
type Info struct {
	Version  string // v1.2.3, or one that Go makes of the last and the commit; (devel)
	Commit   string
	Date     string // of the commit, RFC 3339
	Modified bool   // there were changes that were not committed
	Go       string // what it was built with
}

// Read returns it of the program that runs.
var Read = sync.OnceValue(func() Info {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Info{Version: "unknown"}
	}
	return of(info)
})

func of(b *debug.BuildInfo) Info {
	i := Info{Version: b.Main.Version, Go: b.GoVersion}
	for _, s := range b.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Commit = s.Value
		case "vcs.time":
			i.Date = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		}
	}
	return i
}

// String is all of it on one line.
func (i Info) String() string {
	parts := make([]string, 0, 3)
	if i.Commit != "" {
		commit := "commit " + i.Commit
		if i.Modified {
			commit += " and changes"
		}
		parts = append(parts, commit)
	}
	for _, part := range []string{i.Date, i.Go} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return i.Version
	}
	return i.Version + " (" + strings.Join(parts, ", ") + ")"
}

// UserAgent is how the program calls itself to the servers that it asks.
func (i Info) UserAgent() string { return "scimbridge/" + strings.Trim(i.Version, "()") }
