package main_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	link       = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)"`)
	code       = regexp.MustCompile("`[^`]*`")
	absolute   = regexp.MustCompile(`^[a-z]+:`)
	headingURL = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// TestLinks: every relative link of a page leads to a file that is there, and to a heading that it has.
func TestLinks(t *testing.T) {
	pages := pages(t)
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
		return err == nil
	}
	for _, name := range sortedNames(pages) {
		for _, fault := range brokenLinks(name, pages, exists) {
			t.Error(fault)
		}
	}
}

func TestLinksFindsFaults(t *testing.T) {
	const page = "# Top\n[a](b.md) [c](b.md#one-two) [d](b.md#two) [e](missing.md) [f](#top) [g](#bottom)\n" +
		"`[h](code.md)` [i](https://scim.example/x.md) <img src=\"flow.svg\">\n```sh\n[j](fence.md)\n```\n" +
		"[k](../up.md) [l](b.md#one-two-1)\n"
	pages := map[string]string{"room/a.md": page, "room/b.md": "## One: `two`\n```sh\n# two\n```\n## One, [two](x)\n"}
	found := brokenLinks("room/a.md", pages, func(name string) bool { return name == "room/b.md" || name == "up.md" })
	want := []string{
		"room/a.md:2: b.md#two: room/b.md has no such heading", "room/a.md:2: missing.md: there is no room/missing.md",
		"room/a.md:2: #bottom: room/a.md has no such heading", "room/a.md:3: flow.svg: there is no room/flow.svg",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// pages are the texts of the repository's pages, by their names.
func pages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(file) != ".md":
			return nil
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		pages[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func sortedNames(pages map[string]string) (names []string) {
	for name := range pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// brokenLinks are the links of the page that lead nowhere.
func brokenLinks(name string, pages map[string]string, exists func(name string) bool) (faults []string) {
	number := 0
	for line := range prose(pages[name], &number) {
		for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(line, "`"), -1) {
			target := found[1] + found[2]
			if absolute.MatchString(target) {
				continue
			}
			file, anchor, anchored := strings.Cut(target, "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			switch {
			case to != name && !exists(to):
				faults = append(faults, fmt.Sprintf("%s:%d: %s: there is no %s", name, number, target, to))
			case anchored && !slices.Contains(anchors(pages[to]), anchor):
				faults = append(faults, fmt.Sprintf("%s:%d: %s: %s has no such heading", name, number, target, to))
			}
		}
	}
	return faults
}

// prose are the page's lines outside of its fences; number follows them.
func prose(page string, number *int) func(yield func(line string) bool) {
	return func(yield func(line string) bool) {
		fenced := false
		for line := range strings.Lines(page) {
			*number++
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
			} else if !fenced && !yield(line) {
				return
			}
		}
	}
}

// anchors are what the page's headings are called in links, as GitHub makes it of them.
func anchors(page string) (names []string) {
	seen, number := map[string]int{}, 0
	for line := range prose(page, &number) {
		text := strings.TrimLeft(line, "#")
		if text == line || !strings.HasPrefix(text, " ") {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, headingURL.ReplaceAllString(strings.TrimSpace(text), "$1"))
		if n := seen[name]; n > 0 {
			names = append(names, fmt.Sprintf("%s-%d", name, n))
		} else {
			names = append(names, name)
		}
		seen[name]++
	}
	return names
}
