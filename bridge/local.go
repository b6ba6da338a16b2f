package bridge

import "context"

// Local is the bridge as this program itself is its client.
type Local struct {
	Bridge *Bridge
	Call   Call
}

// Create makes a resource.
func (l Local) Create(ctx context.Context, typ string, body []byte) (id string, err error) {
	made, err := l.Bridge.Create(ctx, l.Call, typ, body, View{})
	if err != nil {
		return "", err
	}
	id, _ = made.Resource["id"].(string)
	return id, nil
}

// Patch changes one.
func (l Local) Patch(ctx context.Context, typ, id string, body []byte) error {
	_, err := l.Bridge.Patch(ctx, l.Call, typ, id, body, View{})
	return err
}

// Delete removes one.
func (l Local) Delete(ctx context.Context, typ, id string) error {
	_, err := l.Bridge.Delete(ctx, l.Call, typ, id)
	return err
}
