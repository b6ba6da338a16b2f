package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"scimbridge/ldapmap/compile"
)

// document reads the YAML text into values of the keys' own types, and reports what does not fit.
func (r *reader) document(content []byte) map[string]any {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var first, second yaml.Node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		r.unreadableText(err)
		r.unreadable = true
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		r.fault(at(&second), "", "a second document begins: the configuration is one")
	} else if !errors.Is(err, io.EOF) {
		r.unreadableText(err)
	}
	values, isMapping := r.value(first.Content[0], shape, "").(map[string]any)
	r.unreadable = !isMapping && !empty(first.Content[0])
	return values
}

// quoted is what the parser repeats of the text. A mark is harmless, but the name of an anchor may be a secret that begins with
// an asterisk.
var quoted = regexp.MustCompile(`'[^']*'`)

// early are the errors for which the parser names the line before: it counts lines from 0, and corrects that for its scanner alone.
var early = regexp.MustCompile(`^did not find expected (<document start>|node content|'-' indicator|key|',' or '[]}]')$`)

// unreadableText reports what the parser says. Its error is a text that holds the line; there is no other way to learn that.
func (r *reader) unreadableText(err error) {
	at := origin{line: 1, column: 1}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if _, inLine, found := strings.Cut(message, ": "); found {
		if _, err := fmt.Sscanf(message, "line %d:", &at.line); err == nil {
			message = inLine
			if early.MatchString(message) {
				at.line++
			}
		}
	}
	r.fault(at, "", "is not YAML: "+quoted.ReplaceAllStringFunc(message, func(q string) string {
		if len(q) > len("','") {
			return "'…'"
		}
		return q
	}))
}

func at(node *yaml.Node) origin { return origin{line: node.Line, column: node.Column} }

// value reads a node for a key of type t; nil means that nothing is set.
func (r *reader) value(node *yaml.Node, t reflect.Type, path string) any {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if empty(node) {
		return nil
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return r.value(node, t.Elem(), path)
	case t.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		return r.mapping(node, t, path)
	case t.Kind() == reflect.Struct && node.Kind == yaml.ScalarNode && alone(t) != "":
		below := child(path, alone(t))
		r.origins[below] = at(node)
		return map[string]any{alone(t): node.Value}
	case t.Kind() == reflect.Struct:
		r.fault(at(node), path, "needs keys below it ("+strings.Join(keysOf(t), ", ")+"), but is "+kind(node))
		return nil
	case t.Kind() == reflect.Slice:
		return r.list(node, t, path)
	case node.Kind != yaml.ScalarNode:
		r.fault(at(node), path, "needs "+wanted(t)+", but is "+kind(node))
		return nil
	}
	return r.scalar(at(node), node.Value, path, t)
}

func (r *reader) mapping(node *yaml.Node, t reflect.Type, path string) map[string]any {
	values := map[string]any{}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		below := child(path, key.Value)
		if key.Kind != yaml.ScalarNode {
			r.fault(at(key), path, "has a key that is "+kind(key))
			continue
		}
		field, known := fieldOf(t, key.Value)
		if !known {
			f := located{origin: at(key), path: below, problem: unknownKey(key.Value, keysOf(t))}
			for _, meant := range compile.Nearest(key.Value, keysOf(t)) {
				f.meant = append(f.meant, child(path, meant))
			}
			r.faults = append(r.faults, f)
			continue
		}
		if seen[key.Value] {
			first := r.origins[below]
			r.fault(at(key), below, fmt.Sprintf("stands twice: first in line %d", first.line))
			continue
		}
		seen[key.Value] = true
		r.origins[below] = at(key)
		if v := r.value(value, field, below); v != nil {
			values[key.Value] = v
		}
	}
	return values
}

// list reads a list, or one item that stands for a list of one.
func (r *reader) list(node *yaml.Node, t reflect.Type, path string) any {
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	}
	values := []any{}
	for i, item := range items {
		below := fmt.Sprintf("%s[%d]", path, i)
		r.origins[below] = at(item)
		v := r.value(item, t.Elem(), below)
		switch {
		case v != nil:
		case t.Elem().Kind() == reflect.Struct:
			v = map[string]any{} // keeps the numbers of the items that follow
		default:
			v = ""
		}
		if empty(item) {
			r.fault(at(item), below, "is empty")
		}
		values = append(values, v)
	}
	return values
}

// empty says whether a key or an item has nothing after it.
func empty(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

func child(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// kind says in words what a node is.
func kind(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}
