package keyring

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// Certificates is what the client of a certificate authority keeps (RFC 8555): certificates,
// their private keys, its account, what it answers to a challenge. All machines share it. It
// owns the table certificates and does not know what is in it: everything is sealed, so that a
// stolen dump holds no key of the server. Names are paths: "a/b" is below "a".
//
// Ring is required, and must be open.
type Certificates struct{ Ring *Ring }

func certificateContext(name string) string { return "certificates/" + name }

// Put keeps a value by its name, in the place of the one before.
func (c *Certificates) Put(ctx context.Context, name string, value []byte) error {
	sealed, err := c.Ring.Seal(value, certificateContext(name))
	if err != nil {
		return err
	}
	_, err = c.Ring.DB.Exec(ctx, `INSERT INTO certificates (name, sealed, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at`,
		name, sealed, c.Ring.Now().UnixMicro())
	return err
}

// Get returns the value of a name and when it was put; identity.ErrNotFound if there is none.
func (c *Certificates) Get(ctx context.Context, name string) (value []byte, changed time.Time, err error) {
	var sealed []byte
	var at int64
	found, err := c.Ring.DB.Row(ctx, []any{&sealed, &at}, `SELECT sealed, changed_at FROM certificates WHERE name = $1`, name)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !found {
		return nil, time.Time{}, identity.ErrNotFound
	}
	value, err = c.Ring.OpenSealed(sealed, certificateContext(name))
	return value, time.UnixMicro(at), err
}

// Delete forgets a name and all names below it. That there are none is no error.
func (c *Certificates) Delete(ctx context.Context, name string) error {
	_, err := c.Ring.DB.Exec(ctx, `DELETE FROM certificates WHERE name = $1 OR substr(name, 1, $2) = $3`, name, utf8.RuneCountInString(name)+1, name+"/")
	return err
}

// Names returns all names below one, in order; below "" are all.
func (c *Certificates) Names(ctx context.Context, below string) ([]string, error) {
	if below != "" {
		below += "/"
	}
	return sqldb.All(ctx, c.Ring.DB, func(row func(...any) error) (name string, err error) {
		err = row(&name)
		return name, err
	}, `SELECT name FROM certificates WHERE substr(name, 1, $1) = $2 ORDER BY name`, utf8.RuneCountInString(below), below)
}
