package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
)

// client sends spans by OTLP over HTTP (otlptrace.Client). OpenTelemetry's own client of that kind is linked with gRPC: with it the program
// is 8 MB larger, and takes 3 MB more.
type client struct {
	url     *url.URL
	headers http.Header
	timeout time.Duration
	zips    bool
	http    *retryablehttp.Client
}

// retries bridge what is over in a moment; meanwhile more spans are gathered.
const retries = 2

func newClient(v variables) (*client, error) {
	at, err := url.Parse(v.endpoint())
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL, as http://localhost:4318")
	}
	headers, err := v.headers()
	if err != nil {
		return nil, err
	}
	c := &client{url: at, headers: headers, timeout: v.timeout(), zips: v.of("COMPRESSION") == "gzip", http: retryablehttp.NewClient()}
	c.http.Logger, c.http.RetryMax, c.http.ErrorHandler = nil, retries, retryablehttp.PassthroughErrorHandler
	c.http.RetryWaitMin, c.http.RetryWaitMax = 200*time.Millisecond, time.Second
	c.http.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if file := v.of("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		authorities := x509.NewCertPool()
		if !authorities.AppendCertsFromPEM(pem) {
			return nil, errors.New("OTEL_EXPORTER_OTLP_CERTIFICATE holds no certificate")
		}
		c.http.HTTPClient.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	}
	return c, nil
}

// place is the server that it sends to. What else stands in the URL may be a secret.
func (c *client) place() string {
	return (&url.URL{Scheme: c.url.Scheme, Host: c.url.Host}).String()
}

func (c *client) Start(context.Context) error { return nil }

func (c *client) Stop(context.Context) error {
	c.http.HTTPClient.CloseIdleConnections()
	return nil
}

// UploadTraces sends an ExportTraceServiceRequest, which TracesData is on the wire. Its error holds nothing of the URL or of the answer.
func (c *client) UploadTraces(ctx context.Context, spans []*pb.ResourceSpans) error {
	body, err := proto.Marshal(&pb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if c.zips {
		body = zipped(body)
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), body)
	if err != nil {
		return errors.New("the endpoint is none")
	}
	for name, values := range c.headers {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("User-Agent", scope)
	if c.zips {
		request.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := c.http.Do(request)
	if answer != nil {
		_, _ = io.CopyN(io.Discard, answer.Body, 16<<10) // to use the connection again
		answer.Body.Close()
	}
	switch wrapped, is := errors.AsType[*url.Error](err); {
	case is:
		return wrapped.Err
	case err != nil:
		return err
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("the collector answers %d", answer.StatusCode)
	}
	return nil
}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // to memory
	_ = w.Close()
	return b.Bytes()
}

// exporter tells of what it cannot send, once in a while. Nothing waits for it: what is too much is dropped.
type exporter struct {
	sdk.SpanExporter
	log    *slog.Logger
	failed rate.Sometimes
}

// telling is the time from one line of what could not be sent to the next.
const telling = 10 * time.Minute

// ExportSpans implements sdk.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		e.failed.Interval = telling
		e.failed.Do(func() {
			why := strings.TrimPrefix(err.Error(), "traces export: ")
			e.log.Warn("spans cannot be sent, and are lost", "spans", len(spans), "error", why)
		})
	}
	return nil
}
