package bridge

import (
	"crypto/rand"
	"math/big"

	"scimbridge/ldapmap/compile"
)

// password makes a random password: each that the policy allows is as likely as any other.
func password(p *compile.Password) string {
	alphabet := p.Alphabet()
	size := big.NewInt(int64(len(alphabet)))
	text := make([]byte, p.Length)
	for {
		for i := range text {
			n, err := rand.Int(rand.Reader, size)
			if err != nil {
				panic(err) // never: crypto/rand
			}
			text[i] = alphabet[n.Int64()]
		}
		if p.Allows(string(text)) {
			return string(text)
		}
	}
}

// passwords are random ones for a new account, of which it gets one: of 24 characters each thirtieth or so has three in a row of a name.
func passwords(p *compile.Password) []string {
	several := make([]string, 8)
	for n := range several {
		several[n] = password(p)
	}
	return several
}
