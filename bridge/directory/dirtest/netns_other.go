//go:build !linux

package dirtest

import (
	"errors"
	"net"
	"os"
)

var errNoNetworks = errors.New("network namespaces are Linux's")

func enterNewNetwork() (*os.File, error) { return nil, errNoNetworks }

func dialInNetwork(*os.File, string) (net.Conn, error) { return nil, errNoNetworks }

func canEnterNewNetwork() error { return errNoNetworks }

func lockMachine(string) (*os.File, error) { return nil, errNoNetworks }
