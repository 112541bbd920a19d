// Command load puts a house under load and writes what it costs as a table.
//
// It runs servers as processes of their own on the loopback: a bare net/http handler, one that
// computes a raw hash, and the house with a guarded handler that does as little. What an operation costs is the
// CPU time of the server's process, which the load itself does not blur, as a multiple of
// the bare handler's in the same run. It is a tool, not a test: it fails on wrong answers
// only.
//
//	go run ./test/load [-flood] [-for 5s] [-clients 16] [-database postgres://…]
//
// With -stuffing it attacks the house instead, by pairs that leaked elsewhere, and fails if the
// attack gets further than it may.
//
//	go run ./test/load -stuffing [-pairs 100000] [-addresses 10000] [-json]
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"time"
)

type options struct {
	serve    string
	listen   string
	database string
	dir      string
	clients  int
	duration time.Duration
	flood    bool
	parallel int

	stuffing         bool
	json             bool
	pairs, addresses int
}

func main() {
	var o options
	flag.StringVar(&o.serve, "serve", "", "be a server: bare, hash or house (used by the tool itself)")
	flag.StringVar(&o.dir, "dir", "", "where the house keeps its files (used by the tool itself)")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "where a server listens")
	flag.StringVar(&o.database, "database", "", "postgres://… instead of a SQLite file")
	flag.IntVar(&o.clients, "clients", 16, "how many clients ask at once")
	flag.DurationVar(&o.duration, "for", 5*time.Second, "how long each scenario lasts")
	flag.BoolVar(&o.flood, "flood", false, "measure how long others wait while the house is flooded with sign-ins")
	flag.IntVar(&o.parallel, "parallel", 0, "how many passwords are hashed at once; 0 is the default")
	flag.BoolVar(&o.stuffing, "stuffing", false, "attack the house by leaked pairs of addresses and passwords")
	flag.BoolVar(&o.json, "json", false, "print what came of the attack as JSON")
	flag.IntVar(&o.pairs, "pairs", 100_000, "how many leaked pairs are tried")
	flag.IntVar(&o.addresses, "addresses", 10_000, "from how many client addresses")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) error {
	switch o.serve {
	case "bare":
		return bare(o)
	case "hash":
		return hash(o)
	case "house":
		return house(o)
	case "hit":
		return hit(o)
	}
	dir, err := os.MkdirTemp("", "gatehouse-load")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o.dir = dir
	if o.stuffing {
		return stuff(o)
	}

	engine := "SQLite"
	if o.database != "" {
		engine = "PostgreSQL"
	}
	fmt.Printf("%s, %d clients, %v each, %d processors shared with the load, %s\n\n", engine, o.clients, o.duration, runtime.NumCPU(), runtime.Version())
	if o.flood {
		return flood(o)
	}
	fmt.Println("| operation | a second | CPU each | × bare | p50 | p99 |")
	fmt.Println("|---|--:|--:|--:|--:|--:|")
	floor, err := measureBare(o)
	if err != nil {
		return err
	}
	return measureHouse(o, floor)
}
