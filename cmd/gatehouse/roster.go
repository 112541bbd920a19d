package main

import "github.com/gatehouse-id/gatehouse/authn"

// methods are the ways to sign in that the program has besides those of gatehouse.go: what
// an embedding program should not have to compile. A new one is one line here.
func methods() []authn.Method { return nil }
