package release

import (
	"runtime/debug"
	"testing"
)

func TestInfo(t *testing.T) {
	stamped := []debug.BuildSetting{
		{Key: "CGO_ENABLED", Value: "0"},
		{Key: "vcs.revision", Value: "cc1d42d"},
		{Key: "vcs.time", Value: "2026-11-27T06:30:00Z"},
		{Key: "vcs.modified", Value: "false"},
	}
	changed := append(stamped[:3:3], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for name, c := range map[string]struct {
		built       debug.BuildInfo
		text, agent string
	}{
		"of a commit": {
			debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3"}, Settings: stamped},
			"v1.2.3 (commit cc1d42d, 2026-11-27T06:30:00Z, go1.26.8)", "scimbridge/v1.2.3",
		},
		"with changes": {
			debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3+dirty"}, Settings: changed},
			"v1.2.3+dirty (commit cc1d42d and changes, 2026-11-27T06:30:00Z, go1.26.8)", "scimbridge/v1.2.3+dirty",
		},
		"of no commit": {
			debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"}}, "(devel) (go1.26.8)", "scimbridge/devel",
		},
		"of nothing": {debug.BuildInfo{}, "", "scimbridge/"},
	} {
		t.Run(name, func(t *testing.T) {
			i := of(&c.built)
			if i.String() != c.text || i.UserAgent() != c.agent {
				t.Errorf("%q, %q, want %q, %q", i.String(), i.UserAgent(), c.text, c.agent)
			}
		})
	}
	if Read().Go == "" {
		t.Error("this program knows nothing of itself")
	}
}
