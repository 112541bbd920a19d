// Package verify protects the routes of an application that is not the house: it checks access
// tokens on the spot, knowing nothing but the issuer's URL, and compiles none of the server.
//
//	tokens, err := verify.New("https://id.example.com", verify.Config{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	mux.Handle("GET /feed", tokens.Protect(verify.Demand{}, feed))
//	mux.Handle("GET /report", tokens.Protect(verify.Demand{Scopes: []string{"report:read"}}, report))
//	mux.Handle("DELETE /posts/{id}", tokens.Protect(verify.Demand{Permission: "posts:delete", Owner: author}, remove))
//	mux.Handle("POST /payments", tokens.Protect(verify.Demand{Introspect: true, Fresh: 5 * time.Minute}, pay))
//
// In the handler, identity.FromContext(r.Context()) is who calls.
//
// It owns discovery (RFC 8414), the key set and how long it is believed, the checks of an access
// token (RFC 9068), the question whether one still stands (RFC 7662), and the answers of RFC 6750
// and RFC 9470. It does not know a policy, a session or a database: what it knows of somebody is
// what their token says.
//
// # What a local check cannot know
//
// A token says what was true when it was made. Whoever is signed out, loses a role or is disabled
// keeps what their token says until it expires: fifteen minutes at the most with the settings of
// the house. Demand.Introspect asks the issuer instead, which knows at once, for the price of a
// call over the network. It is for payments, for administration, and for the days after a breach.
//
// # When the issuer cannot be reached
//
// Keys are believed for a minute and renewed in the background before that; where nobody asked
// for so long, the next request waits for the new ones. A key that the issuer took out of its set
// is refused from then on. While the issuer is down its last keys are believed for an hour, and
// then nothing is: 503 UNAVAILABLE. A route that introspects answers 503 at once. Nothing here
// takes a failure for a yes.
//
// # What is not read
//
// Only the Authorization field is. A cookie is not: browsers send it by themselves, and the proof
// against forgery that it would need is the house's (BUG-45).
package verify
