package risk

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/test/geofile"
)

// assessor reads a file of each kind, which the test wrote.
func assessor(t *testing.T, rules Rules) *Assessor {
	t.Helper()
	a, err := New(rules, nil, nil, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A place is kept coarsely: no address, no version, a tenth of a degree.
func TestPlace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "world.mmdb")
	geofile.Write(t, name, geofile.World)
	a := assessor(t, Rules{GeoIP: []string{name}})
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	for ip, want := range map[string]session.Place{
		"192.0.2.7":          {Network: "192.0.2.0/24", ASN: 64500, Country: "DE", Name: "Hamburg, DE", Lat: 536, Lon: 100, Radius: 20},
		"::ffff:192.0.2.7":   {Network: "192.0.2.0/24", ASN: 64500, Country: "DE", Name: "Hamburg, DE", Lat: 536, Lon: 100, Radius: 20},
		"203.0.113.9":        {Network: "203.0.113.0/24", ASN: 64500, Country: "DE", Name: "DE"},
		"2001:db8:1:2::3":    {Network: "2001:db8:1::/48", Country: "JP", Name: "JP"},
		"2001:db8:2:2::3%en": {Network: "2001:db8:2::/48"},
		"10.1.2.3":           {Network: "10.1.2.0/24"},
		"":                   {},
		"nonsense":           {},
	} {
		want.Agent = linux
		if got := a.place(ip, agent); got != want {
			t.Errorf("%s: %+v, want %+v", ip, got, want)
		}
	}
	if got := a.Place("192.0.2.200"); got != "Kiel, DE" {
		t.Errorf("people read %q", got)
	}
	if got := assessor(t, Rules{}).place("192.0.2.7", agent); got != (session.Place{Network: "192.0.2.0/24", Agent: linux}) {
		t.Errorf("without a file: %+v", got)
	}
}

// What one file does not know the next may: countries and owners of networks come in two.
func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	names := []string{filepath.Join(dir, "country.mmdb"), filepath.Join(dir, "asn.mmdb")}
	geofile.Write(t, names[0], map[string]geofile.Record{"192.0.2.0/24": {Country: "DE"}})
	geofile.Write(t, names[1], map[string]geofile.Record{"192.0.2.0/24": {Country: "XX", ASN: 64500}})
	got := assessor(t, Rules{GeoIP: names}).place("192.0.2.7", "")
	if got.Country != "DE" || got.Name != "DE" || got.ASN != 64500 {
		t.Errorf("%+v", got)
	}
}

// A file is read anew when it changes. One that cannot be read leaves the one before in use, and is
// reported once.
func TestReload(t *testing.T) {
	name := filepath.Join(t.TempDir(), "world.mmdb")
	geofile.Write(t, name, geofile.World)
	a := assessor(t, Rules{GeoIP: []string{name}})
	is := func(what, want string, fails bool) {
		t.Helper()
		if err := a.Reload(t.Context()); (err != nil) != fails {
			t.Errorf("%s: %v", what, err)
		}
		if got := a.Place("192.0.2.7"); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	is("unchanged", "Hamburg, DE", false)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace(whole[:len(whole)/2])
	is("cut short", "Hamburg, DE", true)
	is("cut short, once more", "Hamburg, DE", false)
	replace(geofile.Bytes(t, map[string]geofile.Record{"192.0.2.0/24": {Country: "FR"}}))
	is("replaced", "FR", false)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	is("gone", "FR", true)
}

// What is no file of its kind is refused at the start.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	whole := string(geofile.Bytes(t, geofile.World))
	for name, r := range map[string]Rules{
		"empty":           {GeoIP: []string{write("a", "")}},
		"text":            {GeoIP: []string{write("b", strings.Repeat("text ", 1000))}},
		"cut short":       {GeoIP: []string{write("c", whole[:len(whole)-40])}},
		"without front":   {GeoIP: []string{write("d", whole[100:])}},
		"without end":     {GeoIP: []string{write("i", endless(t))}},
		"not there":       {GeoIP: []string{filepath.Join(dir, "none")}},
		"a folder":        {GeoIP: []string{dir}},
		"no list":         {Networks: filepath.Join(dir, "none")},
		"a name":          {Networks: write("e", "192.0.2.1\nexample.com\n")},
		"half a prefix":   {Networks: write("f", "192.0.2.0/\n")},
		"mapped prefix":   {Networks: write("g", "::ffff:192.0.2.0/120\n")},
		"an endless line": {Networks: write("h", strings.Repeat("1", 1<<20))},
	} {
		if _, err := New(r, nil, nil, nil); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// endless is a file whose every node leads to the next one by both branches: it has some hundred
// nodes and 2^128 networks, none of which says anything.
func endless(t *testing.T) string {
	t.Helper()
	text := geofile.Bytes(t, geofile.World)
	db, err := maxminddb.OpenBytes(text)
	if err != nil {
		t.Fatal(err)
	}
	const size = 6 // bytes of a node
	for i := range db.Metadata.NodeCount {
		next := i + 1 // after the last one it says that there is nothing
		copy(text[i*size:], []byte{byte(next >> 16), byte(next >> 8), byte(next), byte(next >> 16), byte(next >> 8), byte(next)})
	}
	return string(text)
}

func TestNetworks(t *testing.T) {
	all, err := readNetworks([]byte("# exits\n192.0.2.1\n\n198.51.100.77/24 # hosting\n 2001:db8::/32\r\n::ffff:203.0.113.1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]bool{
		"192.0.2.1": true, "192.0.2.2": false, "198.51.100.1": true, "198.51.101.1": false, "2001:db8:ffff::1": true, "2001:db9::1": false, "203.0.113.1": true,
	} {
		if all.has(netip.MustParseAddr(ip)) != want {
			t.Errorf("%s: %v", ip, !want)
		}
	}
	if networks(nil).has(netip.MustParseAddr("192.0.2.1")) {
		t.Error("the zero list has one")
	}
}

// Whatever a file says, what is taken of it can be kept and shown.
func FuzzGeo(f *testing.F) {
	whole := geofile.Bytes(f, geofile.World)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(geofile.Bytes(f, map[string]geofile.Record{"192.0.2.0/24": {Country: "de<", City: "a\x00b", Lat: 1e300, Lon: -1e300, Radius: 65535}}))
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := readGeo(text)
		if err != nil {
			return
		}
		for _, ip := range []string{"192.0.2.7", "198.51.100.1", "2001:db8:1::1"} {
			var p session.Place
			g.fill(&p, netip.MustParseAddr(ip))
			if p.Country != code(p.Country) || legible(p.Name) == "" && p.Name != "" && len(p.Name) <= nameMost || p.Radius < 0 || p.Lat < -900 || p.Lat > 900 || p.Lon < -1800 || p.Lon > 1800 {
				t.Errorf("%+v", p)
			}
		}
	})
}

// Reading a list ends, and what it reads it finds.
func FuzzNetworks(f *testing.F) {
	f.Add("192.0.2.1\n2001:db8::/32 # x\n")
	f.Add("0.0.0.0/0")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := readNetworks([]byte(text))
		if err != nil {
			return
		}
		for _, known := range all {
			for p := range known {
				if !all.has(p.Addr()) {
					t.Errorf("%v is not found", p)
				}
			}
		}
	})
}
