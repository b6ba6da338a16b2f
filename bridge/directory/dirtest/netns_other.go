//go:build !linux

package dirtest

import (
	"errors"
	"net"
	"os"
)

var errNoNetworks = errors.New("network namespaces are Linux's")

func enterNewNetwork() (*os.File, error) { return nil, errNoNetworks }

func enterNewRoom([]string, map[string]string) (*room, error) { return nil, errNoNetworks }

// room is a network and files of its own.
type room struct{ network *os.File }

func (*room) enter() error { return errNoNetworks }

func dialInNetwork(*os.File, string) (net.Conn, error) { return nil, errNoNetworks }

func canEnterNewNetwork() error { return errNoNetworks }

func lockMachine(string) (*os.File, error) { return nil, errNoNetworks }

func lockFile(string) (*os.File, error) { return nil, errNoNetworks }
