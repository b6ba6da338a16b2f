package journal

// mask has each secret of the changes show as a value without a text: their LDIF says then that it is not shown. In entries an attribute
// without values is one.
func (p *payload) mask() {
	if p.Plan != nil {
		for i := range p.Plan.Steps {
			p.Plan.Steps[i].Change.mask()
			p.Plan.Steps[i].Inverse.mask()
		}
	}
	if p.Receipt != nil {
		for _, s := range p.Receipt.Steps {
			s.Sent.mask()
		}
	}
}

func (c *wireChange) mask() {
	if c == nil {
		return
	}
	hide := func(a *wireAttribute) {
		if a.Secret > 0 {
			a.Values = make([]string, a.Secret)
			c.Secrets = append(c.Secrets, a.Name)
		}
	}
	for i := range c.Entry {
		hide(&c.Entry[i])
	}
	for i := range c.Mods {
		hide(&c.Mods[i].wireAttribute)
	}
	c.Else.mask()
}
