package main

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gatehouse-id/gatehouse"
)

// policyOfPages lets pages load what is ours and nothing else: no inline script or style, and no script may write
// markup. The one exception is the image of a QR code, which comes in an answer of the API.
const policyOfPages = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// routes is the whole origin: the house below /id, the API below /api, what is for development below /dev, and the
// frontend everywhere else.
func routes(gate *gatehouse.Gate, d *dev, dist fs.FS) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/id/", gate.Handler())
	mux.Handle("GET /id/login", http.RedirectHandler("/sign-in", http.StatusSeeOther)) // the form is ours
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { missing(w) })
	newPosts(gate).routes(mux)
	d.routes(mux)
	mux.Handle("/", frontend(dist))
	return mux
}

// frontend serves the files that Vite built, and its one page for every path that is none of them: the router in it
// knows the others.
func frontend(dist fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyOfPages)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		asset := strings.HasPrefix(name, "assets/")
		if f, err := fs.Stat(dist, name); !asset && (err != nil || f.IsDir()) {
			name = "index.html"
		} else if asset && err == nil { // its name changes with what is in it
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeFileFS(w, r, dist, name) //nolint:gosec // an fs.FS opens nothing outside of itself
	})
}
