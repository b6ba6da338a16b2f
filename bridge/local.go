package bridge

import (
	"context"

	"scimbridge/bridge/access"
)

// Local is the bridge as this program itself is its client.
type Local struct {
	Bridge *Bridge
	Name   string // of the caller
}

func (l Local) call() Call { return Call{RequestID: l.Name, Caller: l.Name, Role: access.Provisioner} }

// Create makes a resource.
func (l Local) Create(ctx context.Context, typ string, body []byte) (id string, err error) {
	made, err := l.Bridge.Create(ctx, l.call(), typ, body, View{})
	if err != nil {
		return "", err
	}
	id, _ = made.Resource["id"].(string)
	return id, nil
}

// Patch changes one.
func (l Local) Patch(ctx context.Context, typ, id string, body []byte) error {
	_, err := l.Bridge.Patch(ctx, l.call(), typ, id, body, View{})
	return err
}

// Delete removes one.
func (l Local) Delete(ctx context.Context, typ, id string) error {
	_, err := l.Bridge.Delete(ctx, l.call(), typ, id)
	return err
}
