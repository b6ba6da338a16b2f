package directory

import (
	"crypto/sha256"
	"os"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	// secondChance is when a password that the server calls wrong is offered once more: the directory may still be being filled, or a
	// change be on its way to this server.
	secondChance = 30 * time.Second
	// lockoutPause is between all later ones. It is longer than the half hour for which directories commonly count wrong passwords, so that
	// a wrong one does not lock the account, which would outlast it.
	lockoutPause = 35 * time.Minute
	// renewalPause is between looks at the files meanwhile: what was put right is found within it.
	renewalPause = time.Second
)

// credential is what the bridge shows the directory, and what of it was refused since something was accepted. Each is offered once, and
// then only after a pause. It is safe for concurrent use.
type credential struct {
	options Options

	mu      sync.Mutex
	refused map[digest]bool
	wrong   int       // times that the server called a password wrong
	last    time.Time // when something was refused
	why     error     // so was what the server answered
}

type digest [sha256.Size]byte

// now is the credential as its files have it, for which the digest stands.
func (c *credential) now() (password string, of digest, err error) {
	switch {
	case c.options.Bind.External && c.options.TLS.Certificate == "": // over ldapi://: what is shown is the process
		return "", digest{}, nil
	case c.options.Bind.External:
		certificate, err := os.ReadFile(c.options.TLS.Certificate)
		return "", sha256.Sum256(certificate), err
	}
	password, err = c.options.Bind.password()
	return password, sha256.Sum256([]byte(password)), err
}

func (c *credential) accept() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused, c.wrong, c.why = nil, 0, nil
}

// refuse returns how many times the server has now called a password wrong; 0: it refuses the bridge for another reason.
func (c *credential) refuse(of digest, answer error) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = map[digest]bool{}
	}
	c.refused[of], c.last, c.why = true, time.Now(), answer
	if c.options.Bind.External || !isWrongPassword(answer) {
		return 0
	}
	c.wrong++
	return c.wrong
}

// isWrongPassword says whether the answer to a bind is one that the server may count against the account. Active Directory answers so for
// other reasons too, and tells.
func isWrongPassword(answer error) bool {
	code := bindCode(answer)
	return resultCode(answer) == ldap.LDAPResultInvalidCredentials && (code == 0 || code == adWrongPassword)
}

// pauseAfter is until a password is offered again that was called wrong so many times.
func pauseAfter(wrong int) time.Duration {
	switch wrong {
	case 0:
		return maxRefusedPause
	case 1:
		return secondChance
	}
	return lockoutPause
}

// renewed says whether the files hold what was not refused.
func (c *credential) renewed() bool {
	_, of, err := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return err == nil && len(c.refused) > 0 && !c.refused[of]
}

// due says whether a bind may be tried after one was refused.
func (c *credential) due() bool {
	c.mu.Lock()
	waited := time.Since(c.last) >= pauseAfter(c.wrong)
	c.mu.Unlock()
	return waited || c.renewed()
}

// spared is why nothing is to be offered yet; nil: something may be.
func (c *credential) spared() error {
	c.mu.Lock()
	why := c.why
	c.mu.Unlock()
	if why != nil && c.due() {
		return nil
	}
	return why
}

// forgive lets what was refused be offered again.
func (c *credential) forgive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused, c.last = nil, time.Time{}
}
