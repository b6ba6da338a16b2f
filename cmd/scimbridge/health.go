package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"scimbridge/bridge/front"
	"scimbridge/config"
)

// healthCommand is for where there is nothing else to ask with: a container without a shell.
type healthCommand struct {
	configFlag
	Live    bool          `help:"Ask whether it lives, and not whether it is ready."`
	Timeout time.Duration `default:"2s" help:"How long an answer may take (${default})."`
}

// Help shows how to use it.
func (healthCommand) Help() string {
	return `Example:

  scimbridge health --config scimbridge.yaml

It asks the admin listener (admin.address), or where there is none the one of SCIM, on this machine. The exit status is 0 where
requests can be served, if need be with something amiss, and else 1.`
}

func (h healthCommand) Run(w *world) error {
	c, err := config.Load(h.Config, w.environ, "admin", "listen")
	if err != nil {
		return err
	}
	url, err := h.url(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(w, h.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	// No name is on the certificate by which a machine calls itself, and nothing is told to whoever answers.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	const most = 64 << 10
	said, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s\n%s", url, answer.Status, said)
	}
	_, err = w.stdout.Write(said)
	return err
}

// url is where to ask.
func (h healthCommand) url(c *config.Config) (string, error) {
	path := "/readyz"
	if h.Live {
		path = "/healthz"
	}
	if c.Admin.Enabled() {
		return at("http", c.Admin.Address, path)
	}
	o := c.Listen
	if o.Address == "" {
		o.Address = front.DefaultAddress
	}
	switch {
	case o.TLS.ClientCA != "":
		return "", errors.New("the listener asks for a certificate (listen.tls.clientCA): set admin.address, where none is asked for")
	case o.TLS.Certificate != "":
		return at("https", o.Address, path)
	}
	return at("http", o.Address, path)
}

// at is the URL of a path at an address of this machine.
func at(scheme, address, path string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", errors.New(address + ": which port it is nobody knows from here: name one")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + path, nil
}
