// Command webhook receives what a scimbridge tells of what it did (its key `webhook`), and prints a line for each message. It verifies the
// signature, refuses what is old, and takes what comes twice for once. It needs nothing but the standard library: copy what you need.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8090", "host:port")
	keyFile := flag.String("key", "webhook.key", "the bridge's keyFile, or a copy: one key a line, any of which may have signed")
	seenFile := flag.String("seen", "webhook.seen", "what was taken, so that it is known after a restart")
	flag.Parse()
	r, err := open(*keyFile, *seenFile, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s/", listener.Addr())
	server := &http.Server{Handler: r, ReadTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// receiver takes messages. One at a time: whoever does more with them than print notes them, and works on them later.
type receiver struct {
	keys [][]byte
	out  io.Writer
	now  func() time.Time

	mu     sync.Mutex
	seen   map[string]bool // the ids of messages that were taken
	memory *os.File        // the same, a line each
}

// open reads the keys, and what was taken before.
func open(keyFile, seenFile string, out io.Writer) (*receiver, error) {
	r := &receiver{out: out, now: time.Now, seen: map[string]bool{}}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	for line := range strings.FieldsSeq(string(text)) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, "whsec_"))
		if err != nil || len(key) == 0 {
			return nil, fmt.Errorf("%s: line %d is no key", keyFile, len(r.keys)+1)
		}
		r.keys = append(r.keys, key)
	}
	if len(r.keys) == 0 {
		return nil, fmt.Errorf("%s holds no key", keyFile)
	}
	if r.memory, err = os.OpenFile(seenFile, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(r.memory)
	for lines.Scan() {
		r.seen[lines.Text()] = true
	}
	return r, lines.Err()
}

const (
	// largest is more than any message has.
	largest = 1 << 20
	// oldest is how long after it was signed a message is taken, and by how much the clocks may differ: whoever has recorded one cannot
	// send it again later. The bridge signs anew each time that it sends.
	oldest = 5 * time.Minute
)

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, largest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := r.verify(request.Header, body); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized) // the bridge keeps it, and sends it again
		return
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := r.take(request.Header.Get("webhook-id"), m); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// verify says why a message is not the bridge's, or not of now.
func (r *receiver) verify(header http.Header, body []byte) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("webhook-timestamp is none")
	}
	if r.now().Sub(time.Unix(seconds, 0)).Abs() > oldest {
		return errors.New("the message is too old, or from the future")
	}
	for _, key := range r.keys {
		sum := hmac.New(sha256.New, key)
		fmt.Fprintf(sum, "%s.%s.%s", id, timestamp, body)
		want := sum.Sum(nil)
		for signature := range strings.FieldsSeq(header.Get("webhook-signature")) { // one for each of the bridge's keys
			version, encoded, _ := strings.Cut(signature, ",")
			got, err := base64.StdEncoding.DecodeString(encoded)
			if version == "v1" && err == nil && hmac.Equal(got, want) {
				return nil
			}
		}
	}
	return errors.New("no signature is by a key that is known")
}

// message is what of a message is looked at here.
type message struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		Record, Outcome, Operation, Caller string
		Effects                            []struct{ Effect, DN string }
		Resource                           struct{ Type, ID, Name string }
		Effect, Why                        string // of a hold
	}
}

// take prints a message that was not taken before. What is done for it, and that it was taken, belong into one transaction where it
// matters: here a line may be printed twice when the receiver dies in between.
func (r *receiver) take(id string, m message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[id] {
		return nil
	}
	what := m.Data.Effect + ": " + m.Data.Why
	if m.Type != "hold.opened" {
		var effects []string
		for _, e := range m.Data.Effects {
			effects = append(effects, e.Effect)
		}
		d := m.Data
		what = fmt.Sprintf("%s %s %q %s [%s] by %s, record %s",
			d.Outcome, d.Resource.Type, d.Resource.Name, d.Operation, strings.Join(effects, " "), d.Caller, d.Record)
	}
	if _, err := fmt.Fprintf(r.out, "%s %s %s\n", m.Timestamp.Format(time.RFC3339), m.Type, what); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(r.memory, id); err != nil {
		return err
	}
	r.seen[id] = true
	return r.memory.Sync()
}
