package session

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

const (
	// placesMost is how many places of one user are remembered: whoever travels forgets the oldest.
	placesMost = 20
	// placeLife is for how long a place is remembered at which its user signs in no more.
	placeLife = 180 * 24 * time.Hour
)

// A Place is where somebody has signed in, and with what. It is as coarse as can still tell what is
// odd: a network and no address, a browser and no version, a town and no street.
type Place struct {
	Network string // "192.0.2.0/24", "2001:db8:1::/48"; "": not known
	Agent   string // "Firefox on Linux"; "": it does not say
	ASN     int64  // the network's owner (RFC 6793); 0: not known
	Country string // ISO 3166-1 alpha-2; "": not known
	Name    string // for people: "Hamburg, DE"; "": not known
	Lat     int    // tenths of a degree, north of the equator
	Lon     int    // tenths of a degree, east of Greenwich
	Radius  int    // how far from there it may be, in km; 0: Lat and Lon mean nothing
	// FirstAt and SeenAt are when the user signed in there first and last.
	FirstAt, SeenAt time.Time
}

// Places returns where a user has signed in, the latest first; none for somebody who never did.
func (s *Store) Places(ctx context.Context, user identity.UserID) ([]Place, error) {
	return sqldb.All(ctx, s.DB, scanPlace, `SELECT network, agent, asn, country, name, lat, lon, radius, first_at, seen_at
		FROM places WHERE user_id = $1 ORDER BY seen_at DESC, network, agent`, string(user))
}

func scanPlace(scan func(...any) error) (p Place, err error) {
	var first, seen int64
	err = scan(&p.Network, &p.Agent, &p.ASN, &p.Country, &p.Name, &p.Lat, &p.Lon, &p.Radius, &first, &seen)
	p.FirstAt, p.SeenAt = time.UnixMicro(first).UTC(), time.UnixMicro(seen).UTC()
	return p, err
}

// Arrive remembers that a user signs in at a place now, in the transaction of ctx. It fills in
// nothing: what the place says of time is not read. Of a user's places the oldest go, so that
// nobody's travels fill the database.
func (s *Store) Arrive(ctx context.Context, user identity.UserID, p Place) error {
	now := s.Now().UnixMicro()
	var first int64
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := s.DB.Change(ctx, []any{&first}, `INSERT INTO places (user_id, network, agent, asn, country, name, lat, lon, radius, first_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
			ON CONFLICT (user_id, network, agent) DO UPDATE SET asn = excluded.asn, country = excluded.country, name = excluded.name,
				lat = excluded.lat, lon = excluded.lon, radius = excluded.radius, seen_at = excluded.seen_at
			RETURNING first_at`,
			string(user), p.Network, p.Agent, p.ASN, p.Country, p.Name, p.Lat, p.Lon, p.Radius, now)
		if err != nil || first != now { // it was there already, and so were no more than may be
			return err
		}
		_, err = s.DB.Exec(ctx, `DELETE FROM places WHERE user_id = $1 AND (network, agent) NOT IN
			(SELECT network, agent FROM places WHERE user_id = $1 ORDER BY seen_at DESC, network, agent LIMIT $2)`, string(user), placesMost)
		return err
	})
}

// sweepPlaces forgets the places at which nobody signs in any more. Everybody keeps one. Threat:
// the first sign-in of a user is never odd, so whoever takes over an account that nobody has used
// for half a year would be noticed by nothing.
func (s *Store) sweepPlaces(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM places WHERE seen_at <= $1 AND EXISTS
		(SELECT 1 FROM places newer WHERE newer.user_id = places.user_id AND newer.seen_at > places.seen_at)`,
		s.Now().Add(-placeLife).UnixMicro())
	return err
}
