package directory

import (
	"context"
	"errors"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// setPassword sets a password by the operation that directories have for it (RFC 3062). That asserts nothing of the entry: who has the DN
// is asked just before.
func (r *run) setPassword(ctx context.Context, change ldif.Change) (ldif.StepReceipt, error) {
	if id := change.If.ID; id != "" && id != r.id {
		e, err := r.client.one(ctx, change.DN, r.server.IDAttribute)
		if err == nil && r.server.ID(e) != id {
			err = &Error{Reason: reason.LostRace}
		}
		if err != nil {
			return outcome(change, err)
		}
	}
	if p := rehearsal(ctx); p != nil {
		_, err := p.write(ctx, r, change, nil)
		return outcome(change, r.client.explain(err, &change))
	}
	policy := ""
	_, err := call(ctx, r.client, setsPassword, func(l *ldap.Conn) (struct{}, error) {
		_, err := l.Extended(r.passwordModify(change))
		policy = policyOf(err)
		return struct{}{}, err
	})
	receipt, err := outcome(change, r.client.explain(err, &change))
	if e, _ := errors.AsType[*Error](err); e != nil && e.Reason == reason.Invalid {
		told := *e
		told.Attribute = change.Mods[0].Name
		if policy != "" {
			told.Advice = policy
		}
		return receipt, &told
	}
	return receipt, err
}

// passwordModify is the operation as the change says it. Where the server can, it is to tell why its policy refuses the password: its
// result may not.
func (r *run) passwordModify(change ldif.Change) *ldap.ExtendedRequest {
	value := ber.NewSequence("PasswdModifyRequestValue")
	value.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, change.DN, "userIdentity"))
	value.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 2, change.Mods[0].Values[0], "newPasswd"))
	request := ldap.NewExtendedRequest(ldif.PasswordModifyOID, value)
	if r.server.Controls[ldap.ControlTypeBeheraPasswordPolicy] {
		request.Controls = []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}
	}
	return request
}

// policyOf is why the server's policy refused a password; "" where it does not tell.
func policyOf(err error) string {
	answer, _ := errors.AsType[*ldap.Error](err)
	const controls = 2 // of a message (RFC 4511 §4.1.1)
	if answer == nil || answer.Packet == nil || len(answer.Packet.Children) <= controls {
		return ""
	}
	for _, packet := range answer.Packet.Children[controls].Children {
		control, err := ldap.DecodeControl(packet)
		if policy, is := control.(*ldap.ControlBeheraPasswordPolicy); err == nil && is {
			return policy.ErrorString
		}
	}
	return ""
}
