// Package rules holds the repository's rules as tests. It has no code of its own and nothing imports it.
//
// A rule that only a document states is broken in the first hurry. So what the architecture promises is checked
// on the source itself, with go/parser, at every run of the tests:
//
//   - which package may import which, and where Go code may live at all;
//   - who may turn a keys.Plaintext or a keys.Password back into bytes;
//   - what must not be called where visitors' answers arrive, where SQL may stand, who may log, and that
//     randomness comes from crypto/rand alone;
//   - that pages hold no inline script or style and load nothing from elsewhere;
//   - that functions and files stay within their budgets;
//   - that links in Markdown pages lead somewhere, and that docs/flow.md names packages, files and functions that are;
//   - that every threat the design answers has a test, and docs/threat-model.md names it.
//
// A test says that it answers a threat with a comment "covers IN02" on it or in it. The table in the document is
// written by: go test ./internal/rules -run TestThreatTable -update
package rules
