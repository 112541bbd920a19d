package session_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/session"
)

func (f *fixture) places(user identity.UserID) []session.Place {
	f.Helper()
	list, err := f.sessions.Places(f.Context(), user)
	f.must(err)
	return list
}

var hamburg = session.Place{
	Network: "192.0.2.0/24", Agent: "Firefox on Linux", ASN: 64500, Country: "DE", Name: "Hamburg, DE", Lat: 536, Lon: -101, Radius: 20,
}

// A place is remembered once, with the first and the last time, and what is known of it now.
func TestPlaces(t *testing.T) {
	each(t, func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		f.must(f.sessions.Arrive(f.Context(), alice, session.Place{Network: hamburg.Network, Agent: hamburg.Agent}))
		f.wait(time.Hour)
		f.must(f.sessions.Arrive(f.Context(), alice, hamburg))
		want := hamburg
		want.FirstAt, want.SeenAt = start, start.Add(time.Hour)
		if got := f.places(alice); !reflect.DeepEqual(got, []session.Place{want}) {
			f.Errorf("%+v, want %+v", got, want)
		}
		f.wait(time.Hour)
		f.must(f.sessions.Arrive(f.Context(), alice, session.Place{Network: hamburg.Network, Agent: "Safari on iOS"}))
		if got := f.places(alice); len(got) != 2 || got[0].Agent != "Safari on iOS" {
			f.Errorf("the latest comes first: %+v", got)
		}
		if got := f.places(bob); len(got) != 0 {
			f.Errorf("bob has %+v", got)
		}
		f.must(f.accounts.Delete(f.Context(), alice))
		if got := f.places(alice); len(got) != 0 {
			f.Errorf("they outlive their user: %+v", got)
		}
	})
}

// Nobody has more than twenty, however much they travel; the oldest go.
func TestPlacesBounded(t *testing.T) {
	each(t, func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		f.must(f.sessions.Arrive(f.Context(), bob, hamburg))
		for i := range 30 {
			f.wait(time.Minute)
			f.must(f.sessions.Arrive(f.Context(), alice, session.Place{Network: fmt.Sprintf("10.0.%d.0/24", i)}))
		}
		if got := f.places(alice); len(got) != 20 || got[0].Network != "10.0.29.0/24" || got[19].Network != "10.0.10.0/24" {
			f.Errorf("%d: %+v", len(got), got)
		}
		if len(f.places(bob)) != 1 {
			f.Error("somebody else's went")
		}
	})
}

// What is half a year old is forgotten, but for the last place of each user: else the next sign-in
// would be their first, which is never odd.
func TestPlacesSwept(t *testing.T) {
	each(t, func(f *fixture) {
		alice := f.user("alice")
		for _, network := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
			f.must(f.sessions.Arrive(f.Context(), alice, session.Place{Network: network}))
			f.wait(24 * time.Hour)
		}
		f.wait(177 * 24 * time.Hour)
		for _, want := range []int{2, 1, 1} {
			f.must(f.sessions.Sweep(f.Context()))
			if got := f.places(alice); len(got) != want || got[0].Network != "10.0.1.0/24" {
				f.Errorf("%d are left, want %d: %+v", len(got), want, got)
			}
			f.wait(24 * time.Hour)
		}
	})
}
