package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/bridge"
	"scimbridge/bridge/front"
)

// Exchange is a file of requests, each of which finds done what those before it would do.
//
//	exchange.txtar    sections `request …`, beside a `plan` and an `answer` that are not read: they are of one directory alone
//	exchange.http     requests, with lines of ### between them
//
// {mara} in a request stands for the id of who was made as mara by one before it, or else of the account mara, or mara@…, or of the group
// Mara; {night-shift} for that of the group Night Shift.
type Exchange struct {
	File  string
	Steps []Step
	Notes []string
}

// Step is one request.
type Step struct {
	Name string // "": it has none
	Text string
}

// Read reads the files, and those of folders.
func Read(paths ...string) (all []Exchange, err error) {
	for _, name := range paths {
		err := filepath.WalkDir(name, func(file string, entry fs.DirEntry, err error) error {
			known := strings.HasSuffix(file, ".txtar") || strings.HasSuffix(file, ".http")
			if err != nil || entry.IsDir() || !known && file != name {
				return err
			}
			x, err := read(file)
			if err == nil && len(x.Steps) == 0 && file == name {
				err = fmt.Errorf("%s: it holds no request, as a section `-- request … --` of a .txtar file", file)
			}
			all = append(all, x)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func read(file string) (x Exchange, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return x, err
	}
	x.File = file
	if !strings.HasSuffix(file, ".txtar") {
		for _, part := range aRule.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), -1) {
			if strings.TrimSpace(part) != "" {
				x.Steps = append(x.Steps, Step{Text: part})
			}
		}
		return x, nil
	}
	for _, section := range txtar.Parse(text).Files {
		kind, name, _ := strings.Cut(section.Name, " ")
		switch kind, _, _ = strings.Cut(kind, "@"); kind {
		case "request":
			x.Steps = append(x.Steps, Step{name, string(section.Data)})
		case "more.yaml", "env":
			x.Notes = append(x.Notes, "the file has a configuration of its own, "+kind+", which is left out")
		}
	}
	return x, nil
}

// aRule is a line between the requests of a .http file, with what may stand behind it.
var aRule = regexp.MustCompile(`(?m)^###.*$`)

// Exchange plays a file in both houses.
func (r Replay) Exchange(ctx context.Context, x Exchange) (all []Outcome, err error) {
	was, now := &player{House: *r.Old, ids: map[string]string{}}, &player{House: r.New, ids: map[string]string{}}
	for i, step := range x.Steps {
		o := Outcome{File: x.File, Request: strings.TrimSpace(fmt.Sprintf("%d %s", i+1, step.Name))}
		o.Notes = slices.Clone(x.Notes)
		var p [2]played
		for n, in := range []*player{was, now} {
			if p[n], err = in.step(ctx, step.Text); err != nil {
				return nil, fmt.Errorf("%s: request %s: %w", x.File, o.Request, err)
			}
		}
		o.Request += ": " + p[1].Message.Method + " " + p[1].Target
		o.Was, o.Now = p[0].plan(true), p[1].plan(true)
		o.compare()
		all = append(all, o)
	}
	return all, nil
}

// player plays a file in a house.
type player struct {
	House
	foresight bridge.Foresight
	ids       map[string]string // by the names that stand for them
}

// aName stands for an id.
var aName = regexp.MustCompile(`\{([\pL\pN][\pL\pN._-]*)\}`)

func (p *player) step(ctx context.Context, text string) (done played, err error) {
	head, body, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n\n")
	for _, found := range aName.FindAllStringSubmatch(head+body, -1) {
		if err := p.resolve(ctx, found[1]); err != nil {
			return done, err
		}
	}
	text = aName.ReplaceAllStringFunc(text, func(name string) string {
		if id := p.ids[name[1:len(name)-1]]; id != "" {
			return id
		}
		return name
	})
	m, err := front.ParseRequest(text)
	if err != nil {
		return done, err
	}
	if done, err = p.plays(ctx, &p.foresight, "replay", m); err != nil {
		return done, err
	}
	p.learn(done.Body)
	done.Message.Method, done.Target = m.Method, m.Target
	return done, nil
}

// learn notes the names of what an answer shows.
func (p *player) learn(body []byte) {
	var shown struct {
		ID, UserName, DisplayName string
		Operations                []struct{ Method, Location, BulkID string }
	}
	if json.Unmarshal(body, &shown) != nil {
		return
	}
	know := func(name, id string) {
		name, _, _ = strings.Cut(name, "@")
		name = strings.ReplaceAll(strings.ToLower(name), " ", "-")
		if name != "" && id != "" && p.ids[name] == "" {
			p.ids[name] = id
		}
	}
	if shown.UserName != "" {
		know(shown.UserName, shown.ID)
	} else {
		know(shown.DisplayName, shown.ID)
	}
	for _, made := range shown.Operations {
		if made.Method == "POST" && made.Location != "" {
			know(made.BulkID, path.Base(made.Location))
		}
	}
}

// resolve finds whom a name stands for in the directory.
func (p *player) resolve(ctx context.Context, name string) error {
	if p.ids[name] != "" {
		return nil
	}
	for _, asked := range []string{
		fmt.Sprintf("/Users?filter=%s", url.QueryEscape(fmt.Sprintf(`userName eq %q or userName sw %q`, name, name+"@"))),
		fmt.Sprintf("/Groups?filter=%s", url.QueryEscape(fmt.Sprintf("displayName eq %q", strings.ReplaceAll(name, "-", " ")))),
	} {
		found, err := p.plays(ctx, &p.foresight, "replay", front.Message{Method: "GET", Target: asked + "&attributes=id"})
		if err != nil {
			return err
		}
		var list struct{ Resources []struct{ ID string } }
		if json.Unmarshal(found.Body, &list) == nil && len(list.Resources) > 0 {
			p.ids[name] = list.Resources[0].ID
			return nil
		}
	}
	return nil
}
