package main

import (
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/method/sms"
)

// methods are the ways to sign in that the program has besides those of gatehouse.go: what
// an embedding program should not have to compile. A new one is one line here.
func (s *Settings) methods() (list []authn.Method) {
	if s.SMS.Provider != "" || s.Dev {
		list = append(list, &sms.Method{Region: s.SMS.Region, Prefixes: s.SMS.Prefixes, Daily: s.SMS.Daily})
	}
	return list
}
