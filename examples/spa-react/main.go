// Command spa-react is a blog: a React application, the API that it calls, and Gatehouse, which keeps the doors of
// both, in one program on one origin. README.md says how to start it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// rules say who may do what. An administrator may do everything; everybody has the role user.
var rules = &policy.File{Roles: map[string][]policy.Permission{
	"user":      {"posts:read", "posts:create", "posts:edit:own", "posts:delete:own"},
	"moderator": {"posts:edit", "posts:delete"},
}}

// settings are what the command line says.
type settings struct {
	listen string // where this program listens
	origin string // where browsers find it: another port, where Vite stands before it
	data   string // the folder of database and key
	dist   string // the folder of the frontend, as Vite built it
}

func main() {
	var s settings
	flag.StringVar(&s.listen, "listen", "127.0.0.1:8080", "listen on this `address`")
	flag.StringVar(&s.origin, "origin", "http://localhost:8080", "the `origin` that browsers see")
	flag.StringVar(&s.data, "data", "data", "the `folder` of database and key")
	flag.StringVar(&s.dist, "dist", "dist", "the `folder` of the built frontend")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, s settings) error {
	d := &dev{}
	gate, err := open(ctx, s, d)
	if err != nil {
		return err
	}
	defer func() { _ = gate.Close(context.WithoutCancel(ctx)) }()
	link, err := gate.Flow.Invite(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("The blog:  %s\nMails:     %s/dev/outbox\n", s.origin, s.origin)
	if link != "" {
		fmt.Printf("Become the administrator: %s\n", link)
	}
	server := &http.Server{Addr: s.listen, Handler: only(s.origin, routes(gate, d, os.DirFS(s.dist))), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open assembles the house, for development: mails stay here, the clock can be moved, and nobody on the internet is asked.
func open(ctx context.Context, s settings, d *dev) (*gatehouse.Gate, error) {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, err
	}
	db, err := sqlite.Open(filepath.Join(s.data, "blog.db"))
	if err != nil {
		return nil, err
	}
	key, err := gatehouse.MasterKeyFile(ctx, db, filepath.Join(s.data, "master.key"))
	if err != nil {
		return nil, err
	}
	return gatehouse.New(ctx, gatehouse.Config{
		DB: db, MasterKey: key, Policy: rules,
		PublicURL: s.origin + "/id", // the house has a path of its own, so that all others are the application's
		Product:   "Paper",
		Mailer:    d, Now: d.now, // a real one: &gatehouse.SMTP{…}, and time.Now, which is the default
		Breaches: gatehouse.Breaches{Off: true},
		Risk:     gatehouse.Risk{Off: true},
	})
}
