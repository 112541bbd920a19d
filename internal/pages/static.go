package pages

import (
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

//go:embed static
var static embed.FS

// media are the types of our files; the machine's own table is nobody's to rely on.
var media = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// version names what is in the folder, so that browsers may keep it for ever.
var version = sync.OnceValue(func() string {
	var all strings.Builder
	files, _ := static.ReadDir("static") // embedded: it cannot fail
	for _, f := range files {
		text, _ := static.ReadFile("static/" + f.Name())
		all.WriteString(f.Name() + "\n" + string(text))
	}
	return hex.EncodeToString(secret.Hash(all.String())[:8])
})

// asset serves a file. Under the version of another build, which runs beside ours during an
// upgrade, it serves ours too, but nobody keeps it.
func asset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	text, err := static.ReadFile("static/" + name)
	if err != nil {
		return identity.ErrNotFound
	}
	h := w.Header()
	h.Set("Content-Type", media[path.Ext(name)])
	h.Set("Cache-Control", "no-cache")
	if r.PathValue("hash") == version() {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(text) //nolint:gosec // one of our own files; if it fails the client is gone
	return nil
}
