package main

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// knows returns the URL of a service in the place of Have I Been Pwned, which knows one password.
func knows(t *testing.T, password string) string {
	digest := fmt.Sprintf("%X", sha1.Sum([]byte(password)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "011053FD0102E94D6AE2F8B83D76FAF94F6:0\r\n")
		if r.URL.Path == "/range/"+digest[:5] {
			_, _ = fmt.Fprint(w, digest[5:]+":12\r\n")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}
