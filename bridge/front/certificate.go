package front

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
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
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12, // Entra speaks 1.2
		NextProtos:     []string{"http/1.1"},
		GetCertificate: k.get,
	}
	if o.ClientCA != "" {
		authority := &clientAuthority{file: o.ClientCA}
		if _, err := authority.get(); err != nil {
			return nil, err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.SessionTicketsDisabled = true // who resumes a session shows no certificate again
		config.VerifyConnection = ofSubject(o.ClientSubjects)
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			roots, err := authority.get()
			if err != nil {
				return nil, err
			}
			own := config.Clone()
			own.ClientCAs = roots
			return own, nil
		}
	}
	return tls.NewListener(ln, config), nil
}

// clientAuthority is what the file held when it was last whole: who signs clients' certificates.
type clientAuthority struct {
	file string

	mu      sync.Mutex
	read    time.Time
	current *x509.CertPool
}

func (a *clientAuthority) get() (*x509.CertPool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	modified := modification(a.file)
	if a.current != nil && modified.Equal(a.read) {
		return a.current, nil
	}
	roots, err := pool(a.file)
	if err == nil {
		a.current, a.read = roots, modified
	} else if a.current == nil {
		return nil, err
	}
	return a.current, nil
}

// pool reads certificates in PEM.
func pool(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, errors.New(file + " holds no certificate in PEM")
	}
	return roots, nil
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
