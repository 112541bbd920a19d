package keyring

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// Rotate promotes the next key of each use, retires the current one and makes a new next
// one. Nobody is signed out by it. The emergency rotation instead drops every key that
// tokens rest on, next keys included, because they lay beside the stolen ones: all access
// and refresh tokens are refused at once (BRE-02).
func (r *Ring) Rotate(ctx context.Context, emergency bool) error {
	if emergency {
		if err := r.replaceAll(ctx); err != nil {
			return err
		}
	} else if err := r.promote(ctx); err != nil {
		return err
	}
	return r.Reload(ctx)
}

func (r *Ring) promote(ctx context.Context) error {
	now := r.Now()
	made := map[Use]*entry{}
	for _, use := range uses {
		e, err := r.make(use, r.algorithm(use), next)
		if err != nil {
			return err
		}
		made[use] = e
	}
	err := r.DB.Tx(ctx, func(ctx context.Context) error {
		for _, use := range uses {
			// Keys of an algorithm that is no longer configured retire with the rest.
			if _, err := r.DB.Exec(ctx, `UPDATE keys SET state = $1, retired_at = $2, drop_at = $3 WHERE use = $4 AND state = $5`,
				retired, now.UnixMicro(), now.Add(plans[use].keep).UnixMicro(), string(use), current); err != nil {
				return err
			}
			if _, err := r.DB.Exec(ctx, `UPDATE keys SET state = $1, active_at = $2 WHERE use = $3 AND alg = $4 AND state = $5`,
				current, now.UnixMicro(), string(use), string(r.algorithm(use)), next); err != nil {
				return err
			}
			if err := r.insert(ctx, made[use]); err != nil {
				return err
			}
		}
		return r.Log.Record(ctx, identity.Event{Type: identity.EventKeyRotated, Data: map[string]string{"emergency": "false"}})
	})
	if r.DB.Exists(err) {
		return nil // another process has rotated at this moment: once is enough
	}
	return err
}

func (r *Ring) replaceAll(ctx context.Context) error {
	var made []*entry
	for _, use := range uses {
		if !plans[use].emergency {
			continue
		}
		for _, state := range []string{current, next} {
			e, err := r.make(use, r.algorithm(use), state)
			if err != nil {
				return err
			}
			made = append(made, e)
		}
	}
	return r.DB.Tx(ctx, func(ctx context.Context) error {
		for _, e := range made {
			if e.state == current { // the first of its use
				if _, err := r.DB.Exec(ctx, `DELETE FROM keys WHERE use = $1`, string(e.use)); err != nil {
					return err
				}
			}
			if err := r.insert(ctx, e); err != nil {
				return err
			}
		}
		return r.Log.Record(ctx, identity.Event{Type: identity.EventKeyRotated, Data: map[string]string{"emergency": "true"}})
	})
}

// Due reports whether the current signing key is older than age.
func (r *Ring) Due(age time.Duration) bool {
	return r.Now().Sub(r.keys.Load().current[Access].activeAt) > age
}

// Sweep drops the retired keys whose time is over.
func (r *Ring) Sweep(ctx context.Context) error {
	_, err := r.DB.Exec(ctx, `DELETE FROM keys WHERE state = $1 AND drop_at <= $2`, retired, r.Now().UnixMicro())
	return err
}

// A Key describes one key of the ring for people; it holds no secret.
type Key struct {
	ID        string
	Use       Use
	Algorithm jose.Algorithm
	State     string // "next", "current" or "retired"
	CreatedAt time.Time
	DropAt    time.Time // zero unless retired
}

// List returns the keys of the ring, oldest first.
func (r *Ring) List() []Key {
	var list []Key
	for _, e := range r.keys.Load().all {
		k := Key{ID: e.id, Use: e.use, Algorithm: e.alg, State: e.state, CreatedAt: e.createdAt}
		if e.state == retired {
			k.DropAt = e.dropAt
		}
		list = append(list, k)
	}
	return list
}
