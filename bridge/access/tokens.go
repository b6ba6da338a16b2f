package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

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
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		fault("is not YAML")
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

// readToken reads one item.
func readToken(item *yaml.Node) (t token, problem string) {
	if item.Kind != yaml.MappingNode {
		return t, "is not {name, token} or {name, sha256}"
	}
	keys := map[string]string{}
	for i := 0; i+1 < len(item.Content); i += 2 {
		key, value := item.Content[i], item.Content[i+1]
		switch _, twice := keys[key.Value]; {
		case key.Value != "name" && key.Value != "token" && key.Value != "sha256" && key.Value != "user":
			return t, "holds a key other than name, user, token and sha256"
		case twice:
			return t, key.Value + " stands twice"
		case value.Kind != yaml.ScalarNode:
			return t, key.Value + " is not text"
		}
		keys[key.Value] = value.Value
	}
	t.name, t.user = keys["name"], keys["user"]
	secret, isPlain := keys["token"]
	digest, isDigest := keys["sha256"]
	switch {
	case t.name == "":
		return t, "has no name"
	case isPlain == isDigest:
		return t, "needs either token or sha256"
	case isPlain:
		t.digest = sha256.Sum256([]byte(secret))
		return t, weakness(secret)
	}
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != sha256.Size {
		return t, "sha256 is not 64 hexadecimal digits"
	}
	copy(t.digest[:], sum)
	return t, ""
}
