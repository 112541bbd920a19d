package risk

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/session"
)

// A visit is a sign-in, as it is judged.
type visit struct {
	at       time.Time
	here     session.Place
	before   []session.Place // where the user signed in, the latest first; at least one
	known    bool            // this browser did
	native   bool            // it is an application, which has no cookies to be known by
	failures int             // of the user since they signed in last
	listed   bool            // it comes through a network that the operator has listed
}

// A sign is one thing that may be odd about a visit. Its reason is for the log, and names neither
// networks nor places: the log keeps it when it has forgotten the address that the event came from.
type sign struct {
	name  string
	score int
	odd   func(visit) string // the reason; "": it is not
}

const (
	most         = 100
	networkScore = 10
)

// signs are all of them. Scores are such that by default one thing that happens to honest people
// every week leads to a notice, and what happens to thieves to one more proof: another browser in
// another country, or on another network after many failures.
var signs = []sign{
	{"new-device", 20, newDevice},
	{"new-network", networkScore, newNetwork},
	{"new-country", 30, newCountry},
	{"impossible-travel", 40, impossibleTravel},
	{"many-failures", 20, manyFailures},
	{"listed-network", 20, listedNetwork},
}

// weigh adds up what is odd.
func weigh(v visit) (found authn.Assessment) {
	for _, s := range signs {
		if reason := s.odd(v); reason != "" {
			found.Signals = append(found.Signals, authn.Signal{Name: s.name, Score: s.score, Reason: reason})
			found.Score += s.score
		}
	}
	found.Score = min(found.Score, most)
	return found
}

// newDevice: a browser has a mark by which it is known. An application is known by what it says it
// is and by its network; that anybody could say, but not from there.
func newDevice(v visit) string {
	same := func(p session.Place) bool { return p.Agent == v.here.Agent && near(p, v.here) }
	if v.known || v.native && slices.ContainsFunc(v.before, same) {
		return ""
	}
	return "it has not signed this user in before"
}

// near reports whether two places are on one network, or on networks of one owner: telephones
// change theirs every hour.
func near(a, b session.Place) bool {
	return a.Network == b.Network || a.ASN != 0 && a.ASN == b.ASN
}

func newNetwork(v visit) string {
	if v.here.Network == "" || slices.ContainsFunc(v.before, func(p session.Place) bool { return near(p, v.here) }) {
		return ""
	}
	return fmt.Sprintf("none of the networks of the last %d places", len(v.before))
}

func newCountry(v visit) string {
	located := func(p session.Place) bool { return p.Country != "" }
	same := func(p session.Place) bool { return p.Country == v.here.Country }
	if !located(v.here) || !slices.ContainsFunc(v.before, located) || slices.ContainsFunc(v.before, same) {
		return ""
	}
	return fmt.Sprintf("none of the countries of the last %d places", len(v.before))
}

const (
	// fastest is what an airliner flies, in km/h.
	fastest = 1000
	// vague is how far apart, in km, two places may be taken to be that are one: whoever makes the
	// files moves networks about.
	vague = 100
)

// impossibleTravel looks at the last place that is known on the map. That the user is somewhere
// around it, and around this one, counts for them.
func impossibleTravel(v visit) string {
	located := func(p session.Place) bool { return p.Radius > 0 }
	i := slices.IndexFunc(v.before, located)
	if i < 0 || !located(v.here) {
		return ""
	}
	last := v.before[i]
	apart := distance(last, v.here) - float64(last.Radius+v.here.Radius)
	ago := max(v.at.Sub(last.SeenAt), time.Second)
	if apart <= vague || apart/ago.Hours() <= fastest {
		return ""
	}
	return fmt.Sprintf("at least %.0f km from the last place within %v", apart, ago.Round(time.Second))
}

// distance is along the surface of the earth, in km (haversine).
func distance(a, b session.Place) float64 {
	const earth = 6371
	rad := func(tenths int) float64 { return float64(tenths) / 10 * math.Pi / 180 }
	half := func(x float64) float64 { return math.Pow(math.Sin(x/2), 2) }
	lat, lon := rad(b.Lat)-rad(a.Lat), rad(b.Lon)-rad(a.Lon)
	h := half(lat) + math.Cos(rad(a.Lat))*math.Cos(rad(b.Lat))*half(lon)
	return 2 * earth * math.Asin(math.Sqrt(min(h, 1)))
}

// manyFailed is how many failures are more than forgetfulness.
const manyFailed = 5

func manyFailures(v visit) string {
	if v.failures < manyFailed {
		return ""
	}
	return fmt.Sprintf("%d failures before it", v.failures)
}

// listedNetwork: whoever always comes through such a network may go on to.
func listedNetwork(v visit) string {
	if !v.listed || slices.ContainsFunc(v.before, func(p session.Place) bool { return p.Network == v.here.Network }) {
		return ""
	}
	return "a network of the operator's list"
}
