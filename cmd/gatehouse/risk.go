package main

import (
	"github.com/gatehouse-id/gatehouse"
)

// RiskSettings says what becomes of odd sign-ins.
type RiskSettings struct {
	Mode     string   `help:"on; shadow, to log what is odd and do nothing about it; or off." enum:"on,shadow,off" default:"on"`
	Preset   string   `help:"strict: one more proof from every network, country and browser that is new to its user; empty for none." enum:"strict," default:""`
	Notice   int      `help:"The score, of 100, from which the user of a sign-in is told by mail; -1 for never." default:"20"`
	Prove    int      `help:"The score from which one more proof is asked for; -1 for never." default:"50"`
	Refuse   int      `help:"The score from which a sign-in is refused; -1 for never." default:"-1"`
	Always   bool     `help:"Ask for the proof whoever has proved two kinds of evidence as well."`
	GeoIP    []string `name:"geoip" help:"Files that say where addresses are, in the format of MaxMind DB; read anew when they change." placeholder:"FILE,…"`
	Networks string   `help:"The file of networks that few people sign in from, such as the exits of Tor and hosting: one address or prefix a line." placeholder:"FILE"`
}

// rules are the settings for the house. The preset comes before the scores that it sets.
func (s RiskSettings) rules() gatehouse.Risk {
	r := gatehouse.Risk{Notice: never(s.Notice), Prove: never(s.Prove)}
	if s.Preset == "strict" {
		r = gatehouse.StrictRisk()
	}
	r.Off, r.Shadow = s.Mode == "off", s.Mode == "shadow"
	r.Refuse, r.Always, r.GeoIP, r.Networks = never(s.Refuse), s.Always, s.GeoIP, s.Networks
	return r
}

// never makes of 0, which means a default to the house, what it means to people.
func never(score int) int {
	if score == 0 {
		return -1
	}
	return score
}
