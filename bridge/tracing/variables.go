package tracing

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// variables are those of OpenTelemetry, by their names.
type variables map[string]string

func variablesOf(environ []string) variables {
	v := variables{}
	for _, variable := range environ {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			v[name] = strings.TrimSpace(value)
		}
	}
	return v
}

// of is what is said of traces, or else of all that is exported.
func (v variables) of(name string) string {
	return cmp.Or(v["OTEL_EXPORTER_OTLP_TRACES_"+name], v["OTEL_EXPORTER_OTLP_"+name])
}

// asks says whether there is to be anything. Where nothing names an exporter, an endpoint of its own asks for the one that there is.
func (v variables) asks(log *slog.Logger) bool {
	if strings.EqualFold(v["OTEL_SDK_DISABLED"], "true") {
		return false
	}
	switch exporter := v["OTEL_TRACES_EXPORTER"]; {
	case exporter == "none", exporter == "" && v.of("ENDPOINT") == "":
		return false
	case exporter != "" && exporter != "otlp":
		log.Error("nothing is traced: the exporter is not one of otlp, none", "variable", "OTEL_TRACES_EXPORTER")
		return false
	}
	if protocol := v.of("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		log.Error("nothing is traced: the protocol is not http/protobuf, which alone is spoken", "variable", "OTEL_EXPORTER_OTLP_PROTOCOL")
		return false
	}
	return true
}

// defaultEndpoint is a collector beside the bridge.
const defaultEndpoint = "http://localhost:4318"

// endpoint is where spans are sent to: what is said of traces as it stands, what is said of all with the path of traces.
func (v variables) endpoint() string {
	if own := v["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]; own != "" {
		return own
	}
	return strings.TrimRight(cmp.Or(v["OTEL_EXPORTER_OTLP_ENDPOINT"], defaultEndpoint), "/") + "/v1/traces"
}

// fieldName is a name of a header's (RFC 9110 §5.1).
var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// headers are name=value,name=value, with values as in a URL. They may be secrets, as may what stands there in another form: the error
// repeats nothing of it.
func (v variables) headers() (http.Header, error) {
	headers := http.Header{}
	for i, pair := range strings.Split(v.of("HEADERS"), ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, is := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !is || err != nil || !fieldName.MatchString(name) || strings.ContainsFunc(decoded, unicode.IsControl) {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS: number %d is not name=value, the value as in a URL (a space is %%20)", i+1)
		}
		headers.Set(name, decoded)
	}
	return headers, nil
}

// timeout is of one attempt.
func (v variables) timeout() time.Duration {
	milliseconds, err := strconv.Atoi(v.of("TIMEOUT"))
	if err != nil || milliseconds <= 0 {
		return 10 * time.Second
	}
	return time.Duration(milliseconds) * time.Millisecond
}
