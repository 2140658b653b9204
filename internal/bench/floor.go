package main

import (
	"bytes"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	_ "modernc.org/sqlite"

	"sealform/internal/demo/ca"
)

// runFloor serves the floor: parse, seal with the library to two readers, signed, one row of ciphertext in a group
// commit. No form rules, no token, no sequence, no page, no second table.
func runFloor(args []string) error {
	fs := flag.NewFlagSet("floor", flag.ExitOnError)
	dir := fs.String("dir", "", "folder")
	_ = fs.Parse(args)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(*dir, "floor.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return fmt.Errorf("opening the floor's database: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`create table submission(id integer primary key, received integer not null, data blob not null)`); err != nil { //nolint:noctx // start-up
		return fmt.Errorf("making the floor's table: %w", err)
	}
	rows := make(chan row, 256)
	go commit(db, rows)
	seal, err := floorSeal()
	if err != nil {
		return err
	}
	ca, err := ca.Open(filepath.Join(*dir, "ca"), time.Now())
	if err != nil {
		return err
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Server}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err != nil {
		return fmt.Errorf("opening the floor's listener: %w", err)
	}
	fmt.Printf("https://%s/\n", ln.Addr())
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: floorHandler(seal, rows)}
	return srv.Serve(ln)
}

func floorHandler(seal func([]byte) ([]byte, error), rows chan<- row) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		v, err := url.ParseQuery(string(b))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answers := make(map[string]string, len(fields))
		for _, f := range fields {
			answers[f] = v.Get(f)
		}
		plain, err := json.Marshal(answers)
		if err == nil {
			b, err = seal(plain)
		}
		if err == nil {
			it := row{b, make(chan error, 1)}
			rows <- it
			err = <-it.done
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// floorSeal is the library's own call with the product's profile.
func floorSeal() (func([]byte) ([]byte, error), error) {
	var es []*openpgp.Entity
	for _, name := range []string{"one", "two", "signer"} {
		e, err := openpgp.NewEntity(name, "", name+"@floor.example", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519})
		if err != nil {
			return nil, fmt.Errorf("making the floor's keys: %w", err)
		}
		es = append(es, e)
	}
	no := false
	cfg := &packet.Config{DefaultCipher: packet.CipherAES256, CheckIntendedRecipients: &no}
	return func(p []byte) ([]byte, error) {
		var out bytes.Buffer
		out.Grow(len(p) + 1024)
		w, err := openpgp.Encrypt(&out, es[:2], nil, es[2:], nil, cfg)
		if err != nil {
			return nil, err
		}
		if _, err = w.Write(p); err == nil {
			err = w.Close()
		}
		return out.Bytes(), err
	}, nil
}

type row struct {
	data []byte
	done chan error
}

// commit puts everything that waits into one transaction.
func commit(db *sql.DB, in <-chan row) {
	ins, err := db.Prepare(`insert into submission(received, data) values(?, ?)`) //nolint:noctx // for the process's life
	check(err)
	for first := range in {
		batch := []row{first}
		for more := true; more && len(batch) < 256; {
			select {
			case r := <-in:
				batch = append(batch, r)
			default:
				more = false
			}
		}
		err := commitBatch(db, ins, batch)
		for _, r := range batch {
			r.done <- err
		}
	}
}

func commitBatch(db *sql.DB, ins *sql.Stmt, batch []row) error {
	tx, err := db.Begin() //nolint:noctx // see commit
	if err != nil {
		return err
	}
	st := tx.Stmt(ins) //nolint:noctx // see commit
	defer st.Close()
	for _, r := range batch {
		if _, err := st.Exec(time.Now().UnixMilli(), r.data); err != nil { //nolint:noctx // see commit
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}
