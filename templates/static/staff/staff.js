// The staff pages work without this. It counts down to the lock, warns a minute before, and takes what is
// shown off the screen when the key locks, when a page comes back from the browser's memory, and when another
// tab locks or signs out.
"use strict";
(() => {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("sealform") : null;
  const wipe = () => {
    document.body.replaceChildren();
    document.title = "Locked";
  };
  // A fresh GET of the same page: reload would ask to send a form again.
  const again = () => location.replace(location.pathname + location.search);
  const leave = () => {
    wipe();
    again();
  };

  // A page kept in memory for Back would show answers after the lock (and after signing out).
  window.addEventListener("pageshow", (e) => { if (e.persisted) leave(); });
  if (channel) channel.onmessage = (e) => {
    if (e.data !== "locked") return;
    wipe();
    setTimeout(again, 1500); // by then the server has done what the other tab asked
  };
  for (const form of document.querySelectorAll('form[action="/lock"], form[action="/sign-out"]')) {
    form.addEventListener("submit", () => {
      if (channel) channel.postMessage("locked");
    });
  }

  const left = document.getElementById("left");
  if (left) {
    const warn = document.getElementById("warn");
    const warnLeft = document.getElementById("warn-left");
    const end = Date.now() + Number(left.dataset.seconds) * 1000;
    let warned = false;
    // The wall clock, not a count of ticks: a laptop that slept wakes up after the end.
    const tick = () => {
      const s = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      left.textContent = Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
      if (s === 0) {
        clearInterval(timer);
        wipe();
        setTimeout(again, 1500); // by then the server has locked too
        return;
      }
      const first = s <= 60 && !warned;
      if (first) {
        warned = true;
        warn.showModal();
      }
      if (first || (s <= 60 && (s % 15 === 0 || s <= 5))) warnLeft.textContent = s + (s === 1 ? " second" : " seconds");
    };
    const timer = setInterval(tick, 500);
    document.addEventListener("visibilitychange", tick);
    tick();
  }

  for (const button of document.querySelectorAll("button.show")) {
    const input = button.parentElement.querySelector("input");
    const word = button.firstChild;
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      word.textContent = shown ? "Show" : "Hide";
      button.setAttribute("aria-pressed", String(!shown));
    });
    input.form.addEventListener("submit", () => { input.type = "password"; });
  }
  for (const button of document.querySelectorAll("button.print-it")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  const problem = document.getElementById("problem");
  if (problem) problem.focus();
})();
