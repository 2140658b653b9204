// Package e2e tests the real program from outside: the binary as it ships, a real browser, other people's mail
// and OpenPGP programs. It has no product code.
//
// TestMain builds the program once. A test starts it as "sealform demo --json" in a folder of its own, on ports
// that the system picks, and reads the one line that says where everything is. From then on it is a visitor, a
// staff member, an operator or a disaster:
//
//   - journey: the form without JavaScript, the viewer, the mail, in chromium, gpg and sq;
//     every page state is checked by axe and photographed into shots/ (ignored by git);
//   - canary: planted answers are looked for in everything the program writes;
//   - disk: what the kernel is asked to write, seen by strace;
//   - kill: kill -9 under load, and the ledger of what was acknowledged;
//   - contract: what other people's scripts use, which stays or grows.
//
// go test -short skips the package. SOAK=1 kills a thousand times instead of fifty. What a test needs and does not
// find is a failure that names scripts/setup-tests, never a skip.
package e2e
