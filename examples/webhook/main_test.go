package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReceiver: of what comes only that is taken which is signed by a known key, is of now, and was not taken before.
func TestReceiver(t *testing.T) {
	folder := t.TempDir()
	keys, seen := filepath.Join(folder, "keys"), filepath.Join(folder, "seen")
	encode := base64.StdEncoding.EncodeToString
	old, next, stranger := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32)
	if err := os.WriteFile(keys, []byte("whsec_"+encode(old)+"\nwhsec_"+encode(next)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r, err := open(keys, seen, &out)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	const body = `{"type":"resource.written","timestamp":"2026-03-02T08:15:04Z","data":{"record":"1-1","outcome":"written",` +
		`"operation":"patch","caller":"entra","effects":[{"effect":"blocked","dn":"uid=mara"}],"resource":{"type":"User","name":"mara"}}}`
	send := func(id string, at time.Time, body, signedBody string, keys ...[]byte) int {
		timestamp := fmt.Sprint(at.Unix())
		var signatures []string
		for _, key := range keys {
			sum := hmac.New(sha256.New, key)
			fmt.Fprintf(sum, "%s.%s.%s", id, timestamp, signedBody)
			signatures = append(signatures, "v1,"+encode(sum.Sum(nil)))
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		request.Header.Set("webhook-id", id)
		request.Header.Set("webhook-timestamp", timestamp)
		request.Header.Set("webhook-signature", strings.Join(signatures, " "))
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, request)
		return answer.Code
	}
	taken := 0
	check := func(what string, status, want int) {
		t.Helper()
		if status != want {
			t.Errorf("%s: %d, want %d", what, status, want)
		}
		if lines := strings.Count(out.String(), "\n"); lines != taken {
			t.Errorf("%s: %d lines, want %d:\n%s", what, lines, taken, &out)
		}
	}
	check("another's key", send("a", now, body, body, stranger), http.StatusUnauthorized)
	check("no signature", send("a", now, body, body), http.StatusUnauthorized)
	check("another body", send("a", now, body, body+" ", old), http.StatusUnauthorized)
	check("old", send("a", now.Add(-oldest-time.Minute), body, body, old), http.StatusUnauthorized)
	check("of the future", send("a", now.Add(oldest+time.Minute), body, body, old), http.StatusUnauthorized)
	check("no JSON", send("a", now, "{", "{", old), http.StatusBadRequest)
	taken++
	check("good", send("a", now, body, body, old), http.StatusNoContent)
	check("again", send("a", now.Add(time.Second), body, body, old), http.StatusNoContent)
	taken++
	check("by the next key", send("b", now, body, body, stranger, next), http.StatusNoContent)
	if r, err = open(keys, seen, &out); err != nil {
		t.Fatal(err)
	}
	check("again, after a restart", send("b", now, body, body, next), http.StatusNoContent)
	const line = `2026-03-02T08:15:04Z resource.written written User "mara" patch [blocked] by entra, record 1-1` + "\n"
	if got := out.String(); got != line+line {
		t.Error(got)
	}
}
