package sms

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Numbers are kept as they are dialled from everywhere; what is none, and what would cost us
// more than a text, is refused (MFA-12).
func TestParse(t *testing.T) {
	german, english, anywhere := &Method{Region: "DE"}, &Method{Region: "GB"}, &Method{}
	few := &Method{Region: "DE", Prefixes: []string{"+49", "+43"}}
	for _, c := range []struct {
		m          *Method
		text, want string // "": refused
	}{
		{german, "0151 23456742", "+4915123456742"},
		{german, " +49 (151) 234-56742 ", "+4915123456742"},
		{german, "0049 151 23456742", "+4915123456742"},
		{german, "+44 7400 123456", "+447400123456"},
		{english, "07400 123456", "+447400123456"},
		{anywhere, "+1 201-555-0123", "+12015550123"},
		{anywhere, "+91 81234 56789", "+918123456789"},
		{anywhere, "+٤٩١٥١٢٣٤٥٦٧٤٢", "+4915123456742"},
		{few, "0151 23456742", "+4915123456742"},
		{few, "+43 664 123456", "+43664123456"},
		{few, "+44 7400 123456", ""},
		{anywhere, "0151 23456742", ""},
		{german, "", ""},
		{german, "  ", ""},
		{german, "110", ""},
		{german, "house.Alice@example.com", ""},
		{german, "+49 151 23456742 ext. 5", ""},
		{german, "+49 151", ""},
		{german, "+999 151 23456742", ""},
		{german, strings.Repeat("1", 300), ""},
		{german, "+4915123456742\nTo: +4915123456743", ""},
		{anywhere, "+49 900 1234567", ""},   // premium rate
		{anywhere, "+44 909 8790879", ""},   // premium rate
		{anywhere, "+1 900 234 5678", ""},   // premium rate
		{anywhere, "+44 843 4290000", ""},   // shared cost
		{anywhere, "+49 180 1234567", ""},   // shared cost
		{anywhere, "+44 55 1234 5678", ""},  // UAN
		{anywhere, "+44 76 4012 3456", ""},  // pager
		{anywhere, "+44 70 1234 5678", ""},  // personal number
		{anywhere, "+882 16 1234 5678", ""}, // satellite
		{anywhere, "+881 6 1234 5678", ""},  // satellite
		{anywhere, "+979 1 2345 6789", ""},  // premium rate, of no country
	} {
		got, err := c.m.parse(c.text)
		if c.want == "" {
			var e *identity.Error
			if !errors.As(err, &e) || e.Code != identity.ErrInvalid.Code || e.Fields["phone"] == "" {
				t.Errorf("%q: %q, %v", c.text, got, err)
			}
		} else if got != c.want || err != nil {
			t.Errorf("%q: %q, %v, want %q", c.text, got, err, c.want)
		}
	}
	if got := masked("+4915123456742"); got != "•••• 42" {
		t.Error(got)
	}
}
