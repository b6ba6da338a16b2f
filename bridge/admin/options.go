package admin

import "net"

// Options is the configuration's `admin` section.
type Options struct {
	Address string `koanf:"address" is:"address"` // host:port; left out: there is no such listener
}

// Enabled says whether there is a listener.
func (o Options) Enabled() bool { return o.Address != "" }

// Check reports what is wrong with the section, each fault under its key.
func (o Options) Check(report func(path, problem string)) {
	if !o.Enabled() {
		return
	}
	if _, port, err := net.SplitHostPort(o.Address); err != nil {
		report("address", "is not host:port, as in 127.0.0.1:9090")
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		report("address", "has no valid port")
	}
}
