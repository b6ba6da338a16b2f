package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// listed is a token of a tokens file, and where it stands.
type listed struct {
	token
	where string
}

// readTokens reads a tokens file: a YAML list of {name, token} or {name, sha256}. It walks the nodes itself because the decoder's
// errors quote what they could not read, which here is a secret.
func readTokens(path string, fault func(problem string)) []listed {
	content, err := os.ReadFile(path)
	if err != nil {
		fault("cannot be read: " + err.Error())
		return nil
	}
	var document, another yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	switch err := decoder.Decode(&document); {
	case err != nil && err != io.EOF:
		fault("is not YAML")
		return nil
	case err == nil && decoder.Decode(&another) != io.EOF:
		fault("is more than one document (---): write one list")
		return nil
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.SequenceNode {
		fault("is not a list of {name, token} or {name, sha256}")
		return nil
	}
	if len(document.Content[0].Content) == 0 {
		fault("lists no token")
	}
	var tokens []listed
	for _, item := range document.Content[0].Content {
		where := fmt.Sprintf("line %d: ", item.Line)
		t, problem := readToken(item)
		if problem != "" {
			fault(where + problem)
			continue
		}
		tokens = append(tokens, listed{t, where})
	}
	return tokens
}

// itemKeys are the keys of an item.
var itemKeys = []string{"name", "token", "sha256", "role", "user", "addresses", "expires"}

// readToken reads one item.
func readToken(item *yaml.Node) (t token, problem string) {
	if item.Kind != yaml.MappingNode {
		return t, "is not {name, token} or {name, sha256}"
	}
	values := map[string][]string{}
	for i := 0; i+1 < len(item.Content); i += 2 {
		key, value := item.Content[i].Value, item.Content[i+1]
		texts, ok := textsOf(value, key == "addresses")
		switch _, twice := values[key]; {
		case !slices.Contains(itemKeys, key):
			return t, "holds a key other than " + strings.Join(itemKeys, ", ")
		case twice:
			return t, key + " stands twice"
		case !ok:
			return t, key + " is not text"
		}
		values[key] = texts
	}
	text := func(key string) string { return strings.Join(values[key], "") }
	t.name, t.user = text("name"), text("user")
	_, isPlain := values["token"]
	_, isDigest := values["sha256"]
	switch {
	case t.name == "":
		return t, "has no name"
	case isPlain == isDigest:
		return t, "needs either token or sha256"
	}
	var known bool
	if t.role, known = roleOf(text("role")); !known {
		return t, "role " + noRole()
	}
	t.addresses = ParseAddresses(values["addresses"], func(i int, wrong string) {
		problem = fmt.Sprintf("addresses[%d] %s", i, wrong)
	})
	if _, limited := values["addresses"]; limited && len(t.addresses) == 0 && problem == "" {
		problem = "addresses is empty: left out, the token is for all"
	}
	if _, ends := values["expires"]; ends && problem == "" {
		t.expires, problem = endOf(text("expires"))
	}
	switch {
	case problem != "":
		return t, problem
	case isPlain:
		t.digest = sha256.Sum256([]byte(text("token")))
		return t, weakness(text("token"))
	}
	sum, err := hex.DecodeString(text("sha256"))
	if err != nil || len(sum) != sha256.Size {
		return t, "sha256 is not 64 hexadecimal digits"
	}
	copy(t.digest[:], sum)
	return t, ""
}

// textsOf are the texts of a value: one, or of a key that takes a list any number.
func textsOf(value *yaml.Node, list bool) (texts []string, ok bool) {
	if value.Kind == yaml.ScalarNode {
		return []string{value.Value}, true
	}
	if !list || value.Kind != yaml.SequenceNode {
		return nil, false
	}
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, false
		}
		texts = append(texts, item.Value)
	}
	return texts, true
}

// endOf reads when a token expires: at a time, or at the end of a day.
func endOf(text string) (end time.Time, problem string) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), ""
	}
	end, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return end, "expires is no day and no time, as 2027-01-31 (its end, in UTC) or 2027-01-31T12:00:00Z"
	}
	return end, ""
}
