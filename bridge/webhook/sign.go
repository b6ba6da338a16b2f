package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// The headers of a message (https://www.standardwebhooks.com).
const (
	headerID        = "Webhook-Id"        // the same each time that the message is sent
	headerTimestamp = "Webhook-Timestamp" // of this time, in seconds since 1970
	headerSignature = "Webhook-Signature" // one for each key: v1,… v1,…
)

const (
	keyPrefix   = "whsec_"
	shortestKey = 24 // octets, as are those that follow
	longestKey  = 64
	mostKeys    = 2
)

// readKeys reads the file's keys. Its error repeats nothing of them.
func readKeys(file string) (keys [][]byte, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for line := range strings.FieldsSeq(string(text)) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, keyPrefix))
		if err != nil || len(key) < shortestKey || len(key) > longestKey {
			return nil, fmt.Errorf("line %d is no key: %s and %d to %d octets in base64, as of `openssl rand -base64 32`",
				len(keys)+1, keyPrefix, shortestKey, longestKey)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 || len(keys) > mostKeys {
		return nil, fmt.Errorf("holds %d keys: it takes one, or two that take turns, each on a line", len(keys))
	}
	return keys, nil
}

// sign puts into the header what a receiver knows a message by: its id, the time, and a signature of these and the body by each key.
func sign(header http.Header, id string, at time.Time, body []byte, keys [][]byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	var signatures []string
	for _, key := range keys {
		sum := hmac.New(sha256.New, key)
		sum.Write([]byte(id + "." + timestamp + "."))
		sum.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	}
	header.Set(headerID, id)
	header.Set(headerTimestamp, timestamp)
	header.Set(headerSignature, strings.Join(signatures, " "))
}
