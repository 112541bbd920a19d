package api_test

import (
	"fmt"
	"strings"
)

// named returns the pattern of a cookie by its short name.
func (p place) named(name string) string {
	return map[string]string{"session": p.session, "refresh": p.refresh, "access": p.access, "hint": p.hint}[name]
}

func (p place) cookie(name, value, life string) string {
	return strings.Replace(strings.Replace(p.named(name), "=%", "="+value, 1), "%", life, 1)
}

// set returns what setting cookies looks like; 0 is without Max-Age.
func (p place) set(ages map[string]int) (list []string) {
	for name, age := range ages {
		life := ""
		if age != 0 {
			life = fmt.Sprintf("Max-Age=%d; ", age)
		}
		list = append(list, p.cookie(name, "*", life))
	}
	return list
}

// cleared returns what taking all cookies away looks like (SES-26).
func (p place) cleared() (list []string) {
	for _, name := range []string{"session", "refresh", "access", "hint"} {
		list = append(list, p.cookie(name, "", "Max-Age=0; "))
	}
	return list
}
