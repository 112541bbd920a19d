// Command zerotrust is a ledger that believes no network: whoever asks is a service that proves
// itself by a certificate, and may do what its client may (ZTR-01, ZTR-07).
//
//	gatehouse cert authority ca
//	gatehouse cert issue ca spiffe://example.com/ledger --dns localhost
//	gatehouse cert issue ca spiffe://example.com/billing
//	go run ./examples/zerotrust
//	curl --cacert ca/ca.pem --cert billing.pem --key billing.key https://localhost:8443/entries
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

const billing = "spiffe://example.com/billing"

func main() {
	ctx := context.Background()
	db, err := sqlite.Open("ledger.db")
	must(err)
	key, err := gatehouse.MasterKeyFile(ctx, db, "master.key")
	must(err)
	ca, err := os.ReadFile("ca/ca.pem")
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	gate, err := gatehouse.New(ctx, gatehouse.Config{
		DB: db, MasterKey: key, PublicURL: "https://localhost:8443", Unverified: true, ServiceRoots: roots,
		Policy: &policy.File{Roles: map[string][]policy.Permission{"bookkeeper": {"entries:read"}}},
	})
	must(err)
	if _, err := gate.Clients.ByURI(ctx, billing); errors.Is(err, identity.ErrNotFound) {
		_, _, err := gate.Clients.Create(ctx, client.New{Name: "Billing", URI: billing, Roles: []string{"bookkeeper"}, Scopes: []string{"entries:read"}})
		must(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/", gate.Handler())
	mux.Handle("GET /entries", gate.Protect(guard.Rule{
		Schemes:    []identity.SchemeID{identity.SchemeMTLS},
		Permission: "entries:read",
		Audit:      "entries.read",
	}, http.HandlerFunc(entries)))
	server := &http.Server{ //nolint:gosec // an example; a real server sets its timeouts
		Addr: "localhost:8443", Handler: mux,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: roots},
	}
	must(server.ListenAndServeTLS("ledger.pem", "ledger.key"))
}

func entries(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "entries for %s\n", identity.FromContext(r.Context()).ClientID)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
