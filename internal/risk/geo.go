package risk

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/gatehouse-id/gatehouse/session"
)

// A geo is a file that says where addresses are. Those of MaxMind are understood, and others that
// name things as they do, or as simple tables do.
type geo struct{ db *maxminddb.Reader }

var errNoTree = errors.New("it has more networks than such a file can have")

// aliases bounds in how many places of the tree the networks of IPv4 are; usually it is four.
const aliases = 8

// readGeo takes a file only if all of it can be read. Threat: one that was cut short, or written
// by somebody who means ill, would be found out when somebody signs in. The check of the library is
// not for us: it refuses files that lack a description, which those do that may be passed on freely.
// A tree has no more networks than nodes; one whose branches meet again could have 2^128.
func readGeo(text []byte) (*geo, error) {
	db, err := maxminddb.OpenBytes(text)
	if err != nil {
		return nil, err
	}
	left := (db.Metadata.NodeCount + 1) * aliases
	seen := map[uintptr]bool{}
	for record := range db.Networks(maxminddb.IncludeAliasedNetworks(), maxminddb.IncludeNetworksWithoutData()) {
		if left == 0 {
			return nil, errNoTree
		}
		left--
		if err := record.Err(); err != nil {
			return nil, err
		}
		if !record.Found() || seen[record.Offset()] {
			continue
		}
		seen[record.Offset()] = true
		var whole map[string]any
		if err := record.Decode(&whole); err != nil {
			return nil, err
		}
	}
	return &geo{db}, nil
}

// The names that things have in the files.
var (
	isoCode   = [][]any{{"country", "iso_code"}, {"registered_country", "iso_code"}, {"country_code"}, {"country"}}
	town      = [][]any{{"city", "names", "en"}, {"city"}}
	latitude  = [][]any{{"location", "latitude"}, {"latitude"}}
	longitude = [][]any{{"location", "longitude"}, {"longitude"}}
	accuracy  = [][]any{{"location", "accuracy_radius"}}
	owner     = [][]any{{"autonomous_system_number"}, {"traits", "autonomous_system_number"}}
)

// look returns the first thing that a record has of some names, if it is of the kind T.
func look[T any](record maxminddb.Result, names [][]any) (v T) {
	for _, name := range names {
		var found *T
		if record.DecodePath(&found, name...) == nil && found != nil {
			return *found
		}
	}
	return v
}

// fill completes a place by what the file knows of an address and others did not.
func (g *geo) fill(p *session.Place, addr netip.Addr) {
	record := g.db.Lookup(addr)
	if !record.Found() {
		return
	}
	if p.ASN == 0 {
		p.ASN = int64(look[uint32](record, owner))
	}
	if p.Country == "" {
		p.Country = code(look[string](record, isoCode))
		p.Name = p.Country
	}
	if city := legible(look[string](record, town)); city != "" && p.Name == p.Country {
		p.Name = strings.TrimSuffix(city+", "+p.Country, ", ")
	}
	if p.Radius == 0 {
		p.Lat, p.Lon, p.Radius = spot(record)
	}
}

// code returns an ISO 3166-1 code, "" for what is none.
func code(s string) string {
	if len(s) != 2 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return s
}

// nameMost is how many characters the name of a town has at most.
const nameMost = 50

// legible returns what can be shown to people as the name of a town, "" for what cannot.
func legible(s string) string {
	if utf8.RuneCountInString(s) > nameMost || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || r == utf8.RuneError }) {
		return ""
	}
	return s
}

// roughly is how far away from where the file says somebody may be, in km, if it does not say so.
const roughly = 200

// spot returns where a record is on the map, in tenths of a degree, and the radius around it; that
// is 0 for one that is nowhere.
func spot(record maxminddb.Result) (lat, lon, radius int) {
	north, east := look[*float64](record, latitude), look[*float64](record, longitude)
	if north == nil || east == nil || !(math.Abs(*north) <= 90 && math.Abs(*east) <= 180) { // NaN is nowhere, too
		return 0, 0, 0
	}
	radius = int(look[uint16](record, accuracy))
	if radius == 0 {
		radius = roughly
	}
	return int(math.Round(*north * 10)), int(math.Round(*east * 10)), radius
}
