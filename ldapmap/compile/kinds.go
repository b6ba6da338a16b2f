package compile

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// The kinds of values that directories hold in a form of their own. A line names its kind (`as`) where the directory's schema does not tell
// it (KindOf).

// mediaType is what a picture begins like.
func mediaType(picture string) string {
	for begins, media := range map[string]string{"\xff\xd8\xff": "image/jpeg", "\x89PNG\r\n\x1a\n": "image/png", "GIF8": "image/gif"} {
		if strings.HasPrefix(picture, begins) {
			return media
		}
	}
	return "application/octet-stream"
}

var texts = []schema.Type{schema.String, schema.Reference}

// kinds are all of them.
var kinds = []*Form{
	{
		"text", Text, func(stored string) (any, error) { return stored, nil },
		[]schema.Type{schema.String, schema.Reference, schema.DateTime},
	},
	timeKind("generalizedTime", ldif.GeneralizedTime, ldif.ParseGeneralizedTime),
	timeKind("fileTime", ldif.FileTime, ldif.ParseFileTime),
	timeKind("shadowDays", ldif.ShadowDays, ldif.ParseShadowDays),
	{"binary", octets, func(stored string) (any, error) {
		return base64.StdEncoding.EncodeToString([]byte(stored)), nil
	}, append([]schema.Type{schema.Binary}, texts...)},
	{"photo", octets, func(stored string) (any, error) {
		return "data:" + mediaType(stored) + ";base64," + base64.StdEncoding.EncodeToString([]byte(stored)), nil
	}, texts},
	{"postalAddress", writePostal, readPostal, texts},
	textKind("telephone", func(value string) (string, error) { return strings.TrimPrefix(value, "tel:"), nil },
		func(stored string) string { return stored }),
	textKind("labeledURI", func(value string) (string, error) {
		return strings.ReplaceAll(strings.TrimSpace(value), " ", "%20"), nil
	},
		func(stored string) string { return before(strings.TrimSpace(stored), " ") }),
	textKind("language", func(value string) (string, error) {
		if _, err := language.Parse(value); err != nil {
			return "", misuse(briefly(value) + " is no language tag such as de-CH")
		}
		return value, nil
	}, func(stored string) string { // RFC 2798 §2.7: an Accept-Language
		first := strings.TrimSpace(before(stored, ","))
		return strings.TrimSpace(before(first, ";"))
	}),
}

// Of says whether values of the type have the form.
func (f *Form) Of(t schema.Type) bool { return slices.Contains(f.scim, t) }

func kindNamed(name string) *Form {
	for _, k := range kinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

func kindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// KindOf is the form that an attribute's syntax has for SCIM values of the type; nil: they stand as they are.
func KindOf(syntax string, typ schema.Type) *Form {
	name := ""
	switch syntax {
	case ldif.SyntaxPostalAddress:
		name = "postalAddress"
	case ldif.SyntaxJPEG:
		name = "photo"
	case ldif.SyntaxOctetString:
		if typ == schema.Reference { // Active Directory's jpegPhoto, thumbnailPhoto; others hold text, too
			name = "photo"
		}
	case ldif.SyntaxLargeInteger:
		if typ == schema.DateTime {
			name = "fileTime"
		}
	}
	if kind := kindNamed(name); kind != nil && kind.Of(typ) && typ != schema.Binary {
		return kind
	}
	return nil
}

func textKind(name string, write func(string) (string, error), read func(string) string) *Form {
	return &Form{name, func(value any) (string, error) {
		text, err := Text(value)
		if err != nil {
			return "", err
		}
		return write(text)
	}, func(stored string) (any, error) { return read(stored), nil }, texts}
}

func timeKind(name string, write func(time.Time) string, read func(string) (time.Time, bool)) *Form {
	return &Form{name, func(value any) (string, error) {
		text, _ := Text(value)
		at, ok := schema.ParseDateTime(text)
		if !ok {
			return "", misuse(briefly(value) + " is no dateTime such as 2026-02-01T09:30:00Z")
		}
		return timed(name, at, write, read)
	}, func(stored string) (any, error) {
		if at, ok := read(stored); ok {
			return at.Format(time.RFC3339Nano), nil
		}
		return nil, nil
	}, []schema.Type{schema.DateTime, schema.String}}
}

// timed writes a time; one that would be read as another, or as never, is refused.
//
//	fileTime of 0001-01-01, shadowDays of 1969-12-31: negative, and what is to have ended would never end
func timed(name string, at time.Time, write func(time.Time) string, read func(string) (time.Time, bool)) (string, error) {
	stored := write(at)
	if _, ok := read(stored); !ok {
		return "", misuse(at.Format(time.RFC3339Nano) + " is beyond what " + name + " can hold: " + stored + " would be no time, or never")
	}
	return stored, nil
}

// octets are what base64 or a `data:` URL (RFC 2397) with base64 holds.
func octets(value any) (string, error) {
	text, err := Text(value)
	if err != nil {
		return "", err
	}
	data := text
	if media, isURL := strings.CutPrefix(text, "data:"); isURL {
		var isBase64 bool
		if _, data, isBase64 = strings.Cut(media, ";base64,"); !isBase64 {
			return "", misuse("a data: URL without base64 is not taken")
		}
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(raw) == 0 {
		return "", misuse(fmt.Sprintf("%s is neither base64 nor a data: URL with base64", briefly(text)))
	}
	return string(raw), nil
}

// writePostal writes lines as RFC 4517 §3.3.28 has them: `$` between, and escaped within. It has no empty lines.
func writePostal(value any) (string, error) {
	text, err := Text(value)
	if err != nil {
		return "", err
	}
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, postalEscapes.Replace(line))
		}
	}
	if len(lines) == 0 {
		return "", misuse("an address has a line that is not empty")
	}
	return strings.Join(lines, "$"), nil
}

func readPostal(stored string) (any, error) { return postalText.Replace(stored), nil }

var (
	postalEscapes = strings.NewReplacer(`\`, `\5C`, `$`, `\24`)
	postalText    = strings.NewReplacer(`$`, "\n", `\24`, `$`, `\5C`, `\`, `\5c`, `\`)
)
