package verify_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

// An application that accepts the tokens of the house at https://id.example.com.
func Example() {
	tokens, err := verify.New("https://id.example.com", verify.Config{ClientID: "cli_shop", ClientSecret: "from your secret store"})
	if err != nil {
		log.Fatal(err)
	}
	author := func(r *http.Request) (identity.UserID, error) {
		if r.PathValue("id") != "1" {
			return "", identity.ErrNotFound
		}
		return "usr_ada", nil
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, "hello,", identity.FromContext(r.Context()).Name())
	})

	mux := http.NewServeMux()
	mux.Handle("GET /feed", tokens.Protect(verify.Demand{}, ok))                                                   // whoever is signed in
	mux.Handle("GET /news", tokens.Protect(verify.Demand{Public: true}, ok))                                       // anybody, known or not
	mux.Handle("GET /export", tokens.Protect(verify.Demand{Scopes: []string{"export:csv"}}, ok))                   // a token made for it
	mux.Handle("DELETE /posts/{id}", tokens.Protect(verify.Demand{Permission: "posts:delete", Owner: author}, ok)) // any, or their own
	mux.Handle("POST /payments", tokens.Protect(verify.Demand{Introspect: true, Fresh: 5 * time.Minute}, ok))      // the issuer is asked

	_ = http.ListenAndServe("localhost:8090", mux)
}

// A handler of gRPC, or of a queue, that has a token and no http.Request.
func ExampleVerifier_Verify() {
	tokens, err := verify.New("https://id.example.com", verify.Config{Audience: "https://shop.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	handle := func(token string) {
		p, err := tokens.Verify(context.Background(), token)
		if err != nil {
			log.Print(identity.CodeOf(err)) // INVALID_TOKEN, TOKEN_EXPIRED, UNAVAILABLE
			return
		}
		log.Print(p.UserID, p.Roles, p.Scopes)
	}
	handle("eyJ…")
}
