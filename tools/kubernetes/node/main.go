// Plays the streaming side of a kubelet for tests: exec and attach run local processes, in a terminal
// where they ask for one, port-forward dials loopback, logs count lines. Only the API server, by its client certificate, may ask.
//
//	node -cert FILE -key FILE -client-ca FILE     prints the port it listens on
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const streamWait = 10 * time.Second

func main() {
	cert := flag.String("cert", "", "certificate")
	key := flag.String("key", "", "key of the certificate")
	clientCA := flag.String("client-ca", "", "CA of who may ask")
	flag.Parse()
	pem, err := os.ReadFile(*clientCA)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/", serveExec)
	mux.HandleFunc("/attach/", serveExec)
	mux.HandleFunc("/portForward/", servePortForward)
	mux.HandleFunc("/containerLogs/", serveLogs)
	server := &http.Server{
		Handler: mux,
		TLSConfig: &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs:  pool,
			NextProtos: []string{"http/1.1"},
		},
	}
	log.Fatal(server.ServeTLS(listener, *cert, *key))
}

type incoming struct {
	stream  httpstream.Stream
	replied <-chan struct{}
}

// upgrade agrees on a protocol and hands over the streams as they come.
func upgrade(w http.ResponseWriter, r *http.Request, protocol string) (httpstream.Connection, chan incoming) {
	if _, err := httpstream.Handshake(r, w, []string{protocol}); err != nil {
		return nil, nil
	}
	streams := make(chan incoming, 64)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r,
		func(stream httpstream.Stream, replied <-chan struct{}) error {
			streams <- incoming{stream, replied}
			return nil
		})
	return connection, streams
}

// serveExec runs the command of the query; an attach, which has none, runs cat.
func serveExec(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	connection, streams := upgrade(w, r, "v4.channel.k8s.io")
	if connection == nil {
		return
	}
	defer connection.Close()
	wanted := 1
	for _, name := range []string{"input", "output", "error", "tty"} {
		if query.Get(name) == "1" && (name != "error" || query.Get("tty") != "1") {
			wanted++
		}
	}
	byType := map[string]httpstream.Stream{}
	timeout := time.After(streamWait)
	for len(byType) < wanted {
		select {
		case next := <-streams:
			<-next.replied
			byType[next.stream.Headers().Get("streamType")] = next.stream
		case <-timeout:
			return
		}
	}
	command := query["command"]
	if len(command) == 0 {
		command = []string{"cat"}
	}
	wanting, done := context.WithCancel(context.Background())
	go func() {
		<-connection.CloseChan()
		done()
	}()
	process := exec.CommandContext(wanting, command[0], command[1:]...)
	writeStatus(byType["error"], run(process, byType))
}

func run(process *exec.Cmd, byType map[string]httpstream.Stream) error {
	in, out, sizes := byType["stdin"], byType["stdout"], byType["resize"]
	if sizes != nil && in != nil && out != nil {
		return runInTerminal(process, in, out, sizes)
	}
	if out != nil {
		process.Stdout = out
	}
	if out := byType["stderr"]; out != nil {
		process.Stderr = out
	}
	stdin, _ := process.StdinPipe()
	if err := process.Start(); err != nil {
		return err
	}
	go func() {
		if in != nil {
			io.Copy(stdin, in)
		}
		stdin.Close()
	}()
	return process.Wait()
}

func writeStatus(stream httpstream.Stream, err error) {
	status := map[string]any{"metadata": map[string]any{}, "status": "Success"}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		cause := map[string]any{"reason": "ExitCode", "message": fmt.Sprint(exit.ExitCode())}
		status["status"] = "Failure"
		status["reason"] = "NonZeroExitCode"
		status["message"] = fmt.Sprintf("command terminated with non-zero exit code: %v", exit)
		status["details"] = map[string]any{"causes": []any{cause}}
	} else if err != nil {
		status["status"] = "Failure"
		status["reason"] = "InternalError"
		status["message"] = err.Error()
	}
	json.NewEncoder(stream).Encode(status)
	stream.Close()
}

// servePortForward pairs the two streams of each request and joins them with loopback.
func servePortForward(w http.ResponseWriter, r *http.Request) {
	connection, streams := upgrade(w, r, "portforward.k8s.io")
	if connection == nil {
		return
	}
	defer connection.Close()
	pairs := map[string]map[string]httpstream.Stream{}
	for {
		select {
		case <-connection.CloseChan():
			return
		case next := <-streams:
			headers := next.stream.Headers()
			id := headers.Get("requestID")
			if pairs[id] == nil {
				pairs[id] = map[string]httpstream.Stream{}
			}
			pairs[id][headers.Get("streamType")] = next.stream
			if len(pairs[id]) == 2 {
				go forward(pairs[id]["data"], pairs[id]["error"], headers.Get("port"))
				delete(pairs, id)
			}
		}
	}
}

func forward(data, failed httpstream.Stream, port string) {
	defer data.Close()
	defer failed.Close()
	target, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprint(failed, err)
		return
	}
	defer target.Close()
	go func() {
		io.Copy(target, data)
		target.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(data, target)
}

// serveLogs writes three lines, and with follow one more each quarter of a second.
func serveLogs(w http.ResponseWriter, r *http.Request) {
	for line := 1; ; line++ {
		place := strings.TrimPrefix(r.URL.Path, "/containerLogs/")
		if _, err := fmt.Fprintf(w, "line %d of %s\n", line, place); err != nil {
			return
		}
		if line < 3 {
			continue
		}
		if r.URL.Query().Get("follow") != "true" {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(250 * time.Millisecond):
		}
	}
}
