package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"scimbridge/bridge/release"
)

// poster sends messages to the receiver. It is safe for concurrent use.
type poster struct {
	url, keyFile string
	timeout      time.Duration
	authorities  *x509.CertPool // nil: the system's
	client       *retryablehttp.Client
	now          func() time.Time
}

const (
	// retries within an attempt bridge what is over in a moment: a receiver that is started again, a connection that was closed.
	retries = 2
	// answerSize is how much of an answer is read, to use the connection again. Nobody looks at it.
	answerSize = 16 << 10
	// longestPause bounds what a receiver says of when to come again.
	longestPause = time.Hour
)

var (
	retryWaitMin = 200 * time.Millisecond // a test's is shorter
	retryWaitMax = time.Second
)

func newPoster(o Options) (*poster, error) {
	authorities, err := o.authorities()
	if err != nil {
		return nil, fmt.Errorf("webhook: ca: %w", err)
	}
	client := retryablehttp.NewClient()
	client.Logger = nil // the sender tells what came of it
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = retries, retryWaitMin, retryWaitMax
	client.Backoff = retryablehttp.LinearJitterBackoff // when the receiver says when to come again, the message waits in the outbox
	client.CheckRetry = soon
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	client.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	transport := client.HTTPClient.Transport.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	transport.MaxIdleConnsPerHost = parallel
	return &poster{url: o.URL, keyFile: o.KeyFile, timeout: o.Timeout, authorities: authorities, client: client, now: time.Now}, nil
}

// soon says whether to send again at once: not where the receiver is up and says when.
func soon(ctx context.Context, answer *http.Response, err error) (bool, error) {
	if answer != nil && (answer.StatusCode == http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "") {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, answer, err)
}

// failure is why a message was not taken. Its text holds nothing of the URL, which may be a secret, nor of the answer.
type failure struct {
	text  string
	gone  bool          // the receiver takes it never
	away  bool          // it is the receiver's, whichever the message
	after time.Duration // when to come again; 0: it is not said
}

func (f *failure) Error() string { return f.text }

// send returns nil when the receiver took the message, a *failure when it did not, and the context's error when that ended.
func (p *poster) send(ctx context.Context, id string, body []byte) error {
	keys, err := readKeys(p.keyFile)
	if err != nil {
		return &failure{text: "the keyFile: " + err.Error(), away: true}
	}
	within, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	request, err := retryablehttp.NewRequestWithContext(within, http.MethodPost, p.url, body)
	if err != nil {
		return &failure{text: "the url is none", away: true}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", release.Read().UserAgent())
	sign(request.Header, id, p.now(), bytes.Clone(body), keys)
	answer, err := p.client.Do(request)
	if answer != nil && err == nil {
		_, _ = io.CopyN(io.Discard, answer.Body, answerSize)
	}
	if answer != nil {
		answer.Body.Close()
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case within.Err() != nil:
		return &failure{text: fmt.Sprintf("no answer within %v", p.timeout), away: true}
	case err != nil:
		if wrapped, is := errors.AsType[*url.Error](err); is {
			err = wrapped.Err
		}
		return &failure{text: err.Error(), away: true}
	}
	return verdict(answer)
}

// verdict is what an answer means.
func verdict(answer *http.Response) error {
	f := &failure{text: "it answers " + strconv.Itoa(answer.StatusCode), after: afterOf(answer)}
	switch answer.StatusCode {
	case http.StatusGone: // which says that it wants no more, as Standard Webhooks have it
		f.gone = true
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		f.away = true
	default:
		if answer.StatusCode/100 == 2 {
			return nil
		}
		if answer.StatusCode/100 == 3 {
			f.text += ", and is not followed to another place"
		}
	}
	return f
}

// afterOf is when the receiver wants to be asked again, 0 where it does not say.
func afterOf(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestPause)
}
