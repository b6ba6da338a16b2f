package webhook_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/webhook"
)

// The signature is the one that Standard Webhooks publish for this message.
func TestSignature(t *testing.T) {
	keys, err := webhook.ReadKeys(keyFile(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	webhook.Sign(header, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), keys)
	if got := header.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

func TestWebhookOptions(t *testing.T) {
	good := webhook.Options{URL: "https://hooks.corp.example/x", KeyFile: keyFile(t, key(1))}
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		change func(*webhook.Options)
		faults string // each with its path
	}{
		"none":           {func(o *webhook.Options) { *o = webhook.Options{} }, ""},
		"good":           {func(*webhook.Options) {}, ""},
		"all":            {func(o *webhook.Options) { o.Events = []webhook.Event{"created", "softDeleted", "restored", "held"} }, ""},
		"loopback":       {func(o *webhook.Options) { o.URL = "http://127.0.0.1:8090/" }, ""},
		"localhost":      {func(o *webhook.Options) { o.URL = "http://localhost/" }, ""},
		"allowed":        {func(o *webhook.Options) { o.URL, o.Cleartext = "http://hooks.corp.example", true }, ""},
		"clear text":     {func(o *webhook.Options) { o.URL = "http://hooks.corp.example" }, "url: would let"},
		"no URL":         {func(o *webhook.Options) { o.URL = "hooks.corp.example" }, "url: is not an https URL"},
		"missing":        {func(o *webhook.Options) { o.URL = "" }, "url: is missing"},
		"password":       {func(o *webhook.Options) { o.URL = "https://a:geheim@b" }, "url: holds a password"},
		"no key":         {func(o *webhook.Options) { o.KeyFile = "" }, "keyFile: is missing"},
		"no key file":    {func(o *webhook.Options) { o.KeyFile = "/nowhere" }, "keyFile: open /nowhere"},
		"short key":      {func(o *webhook.Options) { o.KeyFile = file("whsec_Z2VoZWlt") }, "keyFile: line 1 is no key"},
		"second key":     {func(o *webhook.Options) { o.KeyFile = file(key(1) + "\ngeheim!") }, "keyFile: line 2 is no key"},
		"three keys":     {func(o *webhook.Options) { o.KeyFile = file(key(1) + "\n" + key(2) + "\n" + key(3)) }, "keyFile: holds 3 keys"},
		"empty key file": {func(o *webhook.Options) { o.KeyFile = file("\n") }, "keyFile: holds 0 keys"},
		"CA":             {func(o *webhook.Options) { o.CA = file("x") }, "ca: holds no certificate"},
		"event":          {func(o *webhook.Options) { o.Events = []webhook.Event{"held", "blockt"} }, `events[1]: "blockt" is none`},
		"giving up":      {func(o *webhook.Options) { o.GiveUpAfter = time.Second }, "giveUpAfter: is less than 1m0s"},
		"timeout":        {func(o *webhook.Options) { o.Timeout = time.Minute }, "timeout: must be positive, and no longer than 15s"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			c.change(&o)
			var faults []string
			o.Check(true, func(path, problem string) { faults = append(faults, path+": "+problem) })
			said := strings.Join(faults, "\n")
			if strings.Contains(said, "geheim") {
				t.Errorf("a fault holds a secret: %s", said)
			}
			if (said == "") != (c.faults == "") || !strings.HasPrefix(said, c.faults) || len(faults) > 1 {
				t.Errorf("%q, want %q", said, c.faults)
			}
		})
	}
	var faults []string
	good.Check(false, func(path, problem string) { faults = append(faults, path+problem) })
	if len(faults) != 1 || !strings.HasPrefix(faults[0], "is sent from the store") {
		t.Error(faults)
	}
}
