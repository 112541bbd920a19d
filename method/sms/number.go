package sms

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/gatehouse-id/gatehouse/identity"
)

// costly are the kinds of numbers at which a text costs us, or earns its owner, more than a
// text; and those at which no phone of one person is.
var costly = []phonenumbers.PhoneNumberType{
	phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UAN, phonenumbers.PAGER,
	phonenumbers.PERSONAL_NUMBER, phonenumbers.VOICEMAIL,
}

// nowhere is the region of numbers of no country: of satellites, which cost the most of all,
// and of networks that earn by what they receive.
const nowhere = "001"

// dear reports whether texts to a number cost more than texts do.
func dear(n *phonenumbers.PhoneNumber) bool {
	return slices.Contains(costly, phonenumbers.GetNumberType(n)) || phonenumbers.GetRegionCodeForNumber(n) == nowhere
}

// parse returns a number as it is dialled from everywhere (E.164). What is none, or not one
// that is texted, is identity.ErrInvalid naming the member "phone".
func (m *Method) parse(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", identity.ErrInvalid.With("phone", "is missing")
	}
	n, err := phonenumbers.Parse(text, m.Region)
	if err != nil || !phonenumbers.IsValidNumber(n) || n.GetExtension() != "" {
		problem := "is not a phone number"
		if m.Region == "" {
			problem += "; it begins with + and the country"
		}
		return "", identity.ErrInvalid.Because(err).With("phone", problem)
	}
	number := phonenumbers.Format(n, phonenumbers.E164)
	known := func(prefix string) bool { return strings.HasPrefix(number, prefix) }
	if dear(n) || len(m.Prefixes) > 0 && !slices.ContainsFunc(m.Prefixes, known) {
		return "", identity.ErrInvalid.With("phone", "is a number that we send no texts to")
	}
	return number, nil
}

// masked shows how a number ends, which its owner knows and nobody else can use.
func masked(number string) string {
	return "•••• " + number[max(0, len(number)-2):]
}
