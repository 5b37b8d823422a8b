package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// tufJS serves the mirror as any web server would and has tuf-js, starting
// from the root that was kept by hand, get the target.
func (d *demo) tufJS(ctx context.Context) error {
	node, err := exec.LookPath("node")
	if err != nil || d.tufjs == "" {
		fmt.Fprintln(d.out, "left out: there is no node on this machine (`make test` installs it)")
		return nil
	}
	if _, err := os.Stat(filepath.Join(d.tufjs, "node_modules", "tuf-js")); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(d.out, "left out: tuf-js is not installed (`make test` installs it)")
		return nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(filepath.Join(d.dir, "mirror"))), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer server.Close()
	url := "http://" + listener.Addr().String()
	cmd := exec.CommandContext(ctx, node, filepath.Join(d.tufjs, "verify.mjs"), d.root(), url, url+"/targets", target)
	cmd.Stdout, cmd.Stderr = d.out, d.out
	if err := cmd.Run(); err != nil {
		return err
	}
	d.note("verified   %s, with tuf-js", target)
	return nil
}
