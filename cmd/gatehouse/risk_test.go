package main

import (
	"reflect"
	"testing"

	"github.com/gatehouse-id/gatehouse"
)

// The settings as they are by themselves are the zero Risk, and a preset comes before its scores.
func TestRiskSettings(t *testing.T) {
	plain := RiskSettings{Mode: "on", Notice: 20, Prove: 50, Refuse: -1}
	for name, c := range map[string]struct {
		change func(*RiskSettings)
		want   gatehouse.Risk
	}{
		"defaults": {func(*RiskSettings) {}, gatehouse.Risk{Notice: 20, Prove: 50, Refuse: -1}},
		"strict":   {func(s *RiskSettings) { s.Preset, s.Prove = "strict", 90 }, gatehouse.Risk{Notice: 10, Prove: 10, Refuse: -1}},
		"shadow":   {func(s *RiskSettings) { s.Mode = "shadow" }, gatehouse.Risk{Shadow: true, Notice: 20, Prove: 50, Refuse: -1}},
		"off":      {func(s *RiskSettings) { s.Mode = "off" }, gatehouse.Risk{Off: true, Notice: 20, Prove: 50, Refuse: -1}},
		"zeros":    {func(s *RiskSettings) { s.Notice, s.Prove, s.Refuse = 0, 0, 0 }, gatehouse.Risk{Notice: -1, Prove: -1, Refuse: -1}},
		"files": {
			func(s *RiskSettings) { s.GeoIP, s.Networks, s.Always = []string{"a"}, "b", true },
			gatehouse.Risk{Notice: 20, Prove: 50, Refuse: -1, GeoIP: []string{"a"}, Networks: "b", Always: true},
		},
	} {
		s := plain
		c.change(&s)
		if got := s.rules(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
