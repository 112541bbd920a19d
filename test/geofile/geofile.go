// Package geofile writes files in the format of MaxMind DB, for tests of what reads them.
package geofile

import (
	"bytes"
	"net"
	"os"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// A Record is what a file says of a network. A zero member is not in it.
type Record struct {
	Country, City string
	Lat, Lon      float64
	Radius        uint16 // km; 0: the file does not say where
	ASN           uint32
}

// World is a file's worth of networks that are for documentation (RFC 5737, RFC 3849).
var World = map[string]Record{
	"192.0.2.0/25":    {Country: "DE", City: "Hamburg", Lat: 53.55, Lon: 9.99, Radius: 20, ASN: 64500},
	"192.0.2.128/25":  {Country: "DE", City: "Kiel", Lat: 54.32, Lon: 10.14, Radius: 20, ASN: 64500},
	"198.51.100.0/24": {Country: "JP", City: "Osaka", Lat: 34.69, Lon: 135.5, Radius: 50, ASN: 64501},
	"203.0.113.0/25":  {Country: "DE", ASN: 64500},
	"203.0.113.128/25": {
		Country: "FR", City: "Lyon", Lat: 45.75, Lon: 4.85, Radius: 1, ASN: 64502,
	},
	"2001:db8:1::/48": {Country: "JP"},
}

// Bytes returns a file that says these things of these networks.
func Bytes(t testing.TB, all map[string]Record) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", IncludeReservedNetworks: true, RecordSize: 24})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, r := range all {
		_, network, err := net.ParseCIDR(prefix)
		if err == nil {
			err = tree.Insert(network, r.value())
		}
		if err != nil {
			t.Fatalf("%s: %v", prefix, err)
		}
	}
	var file bytes.Buffer
	if _, err := tree.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func (r Record) value() mmdbtype.Map {
	m := mmdbtype.Map{}
	if r.Country != "" {
		m["country"] = mmdbtype.Map{"iso_code": mmdbtype.String(r.Country)}
	}
	if r.City != "" {
		m["city"] = mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(r.City)}}
	}
	if r.Radius != 0 {
		m["location"] = mmdbtype.Map{
			"latitude": mmdbtype.Float64(r.Lat), "longitude": mmdbtype.Float64(r.Lon), "accuracy_radius": mmdbtype.Uint16(r.Radius),
		}
	}
	if r.ASN != 0 {
		m["autonomous_system_number"] = mmdbtype.Uint32(r.ASN)
	}
	return m
}

// Write writes such a file.
func Write(t testing.TB, name string, all map[string]Record) {
	t.Helper()
	if err := os.WriteFile(name, Bytes(t, all), 0o600); err != nil {
		t.Fatal(err)
	}
}
