package viewer

import "database/sql"

// tamper runs SQL on the database file beside the store.
func (h *clinic) tamper(query string, args ...any) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	r, err := db.ExecContext(h.t.Context(), query, args...)
	if err != nil {
		h.t.Fatal(err)
	}
	if n, _ := r.RowsAffected(); n == 0 {
		h.t.Fatalf("%s changed nothing", query)
	}
}

// count asks the database file for one number.
func (h *clinic) count(query string, args ...any) (n int64) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(h.t.Context(), query, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// acts lists the audit record.
func (h *clinic) acts() []string {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(h.t.Context(), `select act || ' ' || about from audit order by n`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			h.t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		h.t.Fatal(err)
	}
	return out
}

// beside runs SQL on the database file, with a second file attached as "beside".
func (h *clinic) beside(query string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, q := range []string{`attach '` + h.path + `.beside' as beside`, query} {
		if _, err := db.ExecContext(h.t.Context(), q); err != nil {
			h.t.Fatal(err)
		}
	}
}
