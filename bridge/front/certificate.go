package front

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"slices"
	"sync"

	"scimbridge/bridge/access"
)

// secured wraps ln in TLS. The certificate is read again when one of its files changes, so that a renewal needs no restart.
func secured(ln net.Listener, o TLSOptions) (net.Listener, error) {
	own := &lastWhole[tls.Certificate]{files: []string{o.Certificate, o.Key}, load: func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(o.Certificate, o.Key)
		return &pair, err
	}}
	if _, err := own.get(); err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12, // Entra speaks 1.2
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own.get() },
	}
	if o.ClientCA != "" { // who signs clients' certificates
		authorities := &lastWhole[x509.CertPool]{files: []string{o.ClientCA}, load: func() (*x509.CertPool, error) {
			return pool(o.ClientCA)
		}}
		if _, err := authorities.get(); err != nil {
			return nil, err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.SessionTicketsDisabled = true // who resumes a session shows no certificate again
		config.VerifyConnection = ofSubject(o.ClientSubjects)
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			roots, err := authorities.get()
			if err != nil {
				return nil, err
			}
			current := config.Clone()
			current.ClientCAs = roots
			return current, nil
		}
	}
	return tls.NewListener(ln, config), nil
}

// lastWhole is what files held when they were last whole. While they do not fit each other, as between the two writes of a renewal, it is
// what they held before.
type lastWhole[T any] struct {
	files []string
	load  func() (*T, error)

	mu      sync.Mutex
	read    []os.FileInfo // the files' versions
	current *T
}

func (w *lastWhole[T]) get() (*T, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var now []os.FileInfo
	for _, file := range w.files {
		now = append(now, access.Version(file))
	}
	if w.current != nil && slices.EqualFunc(now, w.read, access.SameVersion) {
		return w.current, nil
	}
	loaded, err := w.load()
	if err == nil {
		w.current, w.read = loaded, now
	} else if w.current == nil {
		return nil, err
	}
	return w.current, nil
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
