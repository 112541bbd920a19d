// Command service is an application of its own that accepts the tokens of a house elsewhere. It
// knows the house by its URL and compiles nothing of it.
//
//	ISSUER=https://id.example.com CLIENT_ID=cli_… CLIENT_SECRET=… go run ./examples/service
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

func main() {
	tokens, err := verify.New(os.Getenv("ISSUER"), verify.Config{
		ClientID:     identity.ClientID(os.Getenv("CLIENT_ID")), // only Introspect needs a client
		ClientSecret: os.Getenv("CLIENT_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /feed", tokens.Protect(verify.Demand{}, hello("Your feed")))
	mux.Handle("GET /export", tokens.Protect(verify.Demand{Scopes: []string{"export:csv"}}, hello("Your data")))
	mux.Handle("POST /payments", tokens.Protect(verify.Demand{Introspect: true, Fresh: 5 * time.Minute}, hello("Paid")))

	server := &http.Server{Addr: os.Getenv("LISTEN"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	if server.Addr == "" {
		server.Addr = "localhost:8090"
	}
	log.Fatal(server.ListenAndServe())
}

func hello(what string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s, %s\n", what, identity.FromContext(r.Context()).Name())
	})
}
