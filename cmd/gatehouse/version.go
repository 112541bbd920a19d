package main

import (
	"errors"
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run says which version this is, as far as the build knows.
func (versionCommand) Run(p *Program) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this program was built without the record of its version")
	}
	vcs := map[string]string{}
	for _, s := range info.Settings {
		vcs[s.Key] = s.Value
	}
	fmt.Fprintln(p.Out, "gatehouse", info.Main.Version, info.GoVersion)
	if revision := vcs["vcs.revision"]; revision != "" {
		changed := ""
		if vcs["vcs.modified"] == "true" {
			changed = ", with changes"
		}
		fmt.Fprintf(p.Out, "%s of %s%s\n", revision, vcs["vcs.time"], changed)
	}
	return nil
}
