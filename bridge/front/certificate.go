package front

import (
	"crypto/tls"
	"net"
	"os"
	"sync"
	"time"
)

// secured wraps ln in TLS. The certificate is read again when one of its files changes, so that a renewal needs no restart.
func secured(ln net.Listener, o TLSOptions) (net.Listener, error) {
	k := &keyPair{files: o}
	if _, err := k.get(nil); err != nil {
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{
		MinVersion:     tls.VersionTLS12, // Entra speaks 1.2
		NextProtos:     []string{"http/1.1"},
		GetCertificate: k.get,
	}), nil
}

// keyPair is the certificate that the files held when they were last whole.
type keyPair struct {
	files TLSOptions

	mu      sync.Mutex
	read    [2]time.Time // the files' modification times
	current *tls.Certificate
}

// get returns the certificate. While the files do not fit each other, as between the two writes of a renewal, it is the one before.
func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	modified := [2]time.Time{modification(k.files.Certificate), modification(k.files.Key)}
	if k.current != nil && modified == k.read {
		return k.current, nil
	}
	pair, err := tls.LoadX509KeyPair(k.files.Certificate, k.files.Key)
	if err == nil {
		k.current, k.read = &pair, modified
	} else if k.current == nil {
		return nil, err
	}
	return k.current, nil
}

// modification is zero for a file that is not there.
func modification(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
