package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// TestMain lets the test be the program, so that scripts run it as people do: as a process
// with a command line, an environment, files and signals.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gatehouse": main})
}

// TestScripts uses the program as a person does, once for each file.
func TestScripts(t *testing.T) {
	testscript.Run(t, params(t, "testdata/script", ""))
}

// TestPostgres does so on PostgreSQL.
func TestPostgres(t *testing.T) {
	if os.Getenv(sqldbtest.Server) != "none" {
		testscript.Run(t, params(t, "testdata/postgres", sqldbtest.PostgresURL(t)))
	}
}

// TestRedis does so with a Redis, which scripts/test starts; "none" leaves it out.
func TestRedis(t *testing.T) {
	switch url := os.Getenv("GATEHOUSE_TEST_REDIS"); url {
	case "none":
	case "":
		t.Error("GATEHOUSE_TEST_REDIS names no Redis server; ./scripts/test starts one")
	default:
		p := params(t, "testdata/redis", "")
		setup := p.Setup
		p.Setup = func(env *testscript.Env) error {
			env.Setenv("REDIS", url)
			return setup(env)
		}
		testscript.Run(t, p)
	}
}

func params(t *testing.T, folder, database string) testscript.Params {
	golden, err := filepath.Abs("../../testdata/routes.golden")
	if err != nil {
		t.Fatal(err)
	}
	hibp := knows(t, "correct horse battery staple")
	return testscript.Params{
		Dir: folder, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATABASE", database)
			env.Setenv("ROUTES", golden)
			env.Setenv("GATEHOUSE_PASSWORD_HASH", "m=64,t=1,p=1") // what it costs is tested elsewhere
			env.Setenv("GATEHOUSE_BREACH_CHECK", "off")           // a test asks nobody outside
			env.Setenv("HIBP", hibp)
			env.Values[worldKey{}] = &world{servers: map[string]*process{}}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "signal": signalled, "ended": ended, "ask": ask, "credential": credential, "eventually": eventually, "hold": hold, "release": release, "sql": sql, "keep": keep,
		},
	}
}

// A world is what one script has made.
type world struct {
	servers map[string]*process
	held    *held
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// sql runs a statement on a SQLite database; of a query it prints the one column.
func sql(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sqlite.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	if !strings.HasPrefix(args[1], "SELECT") {
		n, err := db.Exec(context.Background(), args[1])
		ts.Check(err)
		if n == 0 {
			ts.Fatalf("%s changed nothing", args[1])
		}
		return
	}
	rows, err := sqldb.All(context.Background(), db, func(row func(...any) error) (text string, err error) {
		err = row(&text)
		return
	}, args[1])
	ts.Check(err)
	for _, row := range rows {
		fmt.Fprintln(ts.Stdout(), row)
	}
}

// keep puts a part of a file into a variable: keep NAME FILE PATTERN, of which the group is
// kept.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if m == nil {
		ts.Fatalf("%s does not match %s", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}
