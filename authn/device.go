package authn

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// Device is what the credential of a remembered device has for its method. It is no Method:
// it proves nothing, it only spares a person the second factor that they chose themselves
// (NIST SP 800-63B-4 section 5.1: remembering a browser is no authentication).
const Device identity.MethodID = "device"

// A device is the private data of a remembered device.
type device struct {
	Until time.Time `json:"until"`
	// Generation is the user's: a password change and a sign-out everywhere forget it.
	Generation int64 `json:"generation"`
}

// remembered reports whether a device proved a second factor of the user before.
func (f *Flow) remembered(ctx context.Context, user *identity.User, token string) (bool, error) {
	if len(token) != secret.Length || f.Policy.remember() == 0 {
		return false, nil
	}
	c, err := f.Accounts.Found(ctx, Device, hex.EncodeToString(secret.Hash(token)))
	if errors.Is(err, identity.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d, err := readDevice(*c)
	return c.UserID == user.ID && d.Generation == user.Generation && d.Until.After(f.Now()), err
}

func readDevice(c identity.Credential) (d device, err error) {
	return d, json.Unmarshal(c.Data, &d)
}

// remember makes the credential of a device, in the transaction of ctx, and returns its
// secret.
func (f *Flow) remember(ctx context.Context, user *identity.User) (token string, err error) {
	token = secret.New()
	data, err := json.Marshal(device{Until: f.Now().Add(f.Policy.remember()), Generation: user.Generation})
	if err != nil {
		return "", err
	}
	c := &identity.Credential{
		UserID: user.ID, Method: Device, Lookup: hex.EncodeToString(secret.Hash(token)), Data: data,
		Label: notify.Device(identity.OriginOf(ctx).UserAgent),
	}
	if err := f.Accounts.Enroll(ctx, c); err != nil {
		return "", err
	}
	return token, f.Log.Record(ctx, identity.Event{
		Type: identity.EventDeviceTrusted, Actor: string(user.ID), Subject: user.ID, Data: map[string]string{"credential": string(c.ID)},
	})
}

// alive reports whether a credential is still good for anything: a remembered device runs
// out, and is forgotten by what ends all sessions.
func (f *Flow) alive(user *identity.User, c identity.Credential) bool {
	if c.Method != Device {
		return true
	}
	d, err := readDevice(c)
	return err == nil && d.Generation == user.Generation && d.Until.After(f.Now())
}
