/* Keys, drafts, the connection. Everything works without this file; it only saves steps and typed text. */
"use strict";
(() => {
  const meta = (name) => document.querySelector(`meta[name=${name}]`)?.content || "";
  const typing = (node) => node && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName));
  const net = (url, how = {}) => fetch(url, { credentials: "same-origin", ...how, headers: { "x-csrf-token": meta("csrf"), ...how.headers } });

  /* "/" leads to the search; other keys belong to a page (data-key on a link or button). Never while an IME composes. */
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.code === "Slash" && !event.shiftKey) {
      const box = document.querySelector(".find input");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
      return;
    }
    if (localStorage.getItem("exchange-keys") === "off") return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.code)}"]:not([disabled])`);
    if (target) { event.preventDefault(); target.focus(); target.click(); }
  });

  /* Drafts: kept on the server two seconds after the last key, and in this window, until the form was sent well. */
  const slot = (form) => `draft:${meta("person")}:${form}`;
  const timers = new Map();
  const said = (form, text) => { const place = document.querySelector(`[data-kept="${CSS.escape(form)}"]`); if (place) place.textContent = text; };
  const keep = async (form, text) => {
    try {
      const answer = await net(`/drafts/${encodeURIComponent(form)}`, { method: "PUT", body: new URLSearchParams({ text }), headers: { "hx-request": "true" } });
      if (answer.ok) said(form, text ? (await answer.text()).trim() + " " + new Date().toTimeString().slice(0, 5) : "");
    } catch { /* the banner of the connection says it */ }
  };
  document.addEventListener("input", (event) => {
    const form = event.target.dataset?.draft;
    if (!form) return;
    sessionStorage.setItem(slot(form), event.target.value);
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => keep(form, event.target.value), 2000));
  });
  const restore = (root) => root.querySelectorAll("[data-draft]").forEach((box) => {
    const kept = sessionStorage.getItem(slot(box.dataset.draft));
    if (kept && !box.value) box.value = kept;
  });
  document.addEventListener("submit", (event) => {
    event.target.querySelectorAll("[data-draft]").forEach((box) => {
      clearTimeout(timers.get(box.dataset.draft));
      sessionStorage.setItem(`sent:${box.dataset.draft}`, "1");
    });
    if (event.target.matches('[action="/sign-out"]')) Object.keys(sessionStorage).filter((k) => k.startsWith("draft:")).forEach((k) => sessionStorage.removeItem(k));
    const button = event.submitter;
    if (button && !event.target.hasAttribute("data-again")) setTimeout(() => { button.disabled = true; setTimeout(() => { button.disabled = false; }, 4000); }, 0);
  });
  /* What was sent is forgotten once a page without an error follows; else it is put back. */
  Object.keys(sessionStorage).filter((key) => key.startsWith("sent:")).forEach((key) => {
    const form = key.slice(5);
    sessionStorage.removeItem(key);
    if (document.querySelector("[role=alert]") || !meta("person")) return;
    sessionStorage.removeItem(slot(form));
    keep(form, "");
  });

  /* Live parts: told that the ledger grew, they are fetched anew. A list under somebody's hands only shows a bar. A window
     nobody sees does not listen: browsers keep six connections to a host. */
  const address = document.body.dataset.live;
  const lives = () => document.querySelectorAll("[hx-trigger~=live]");
  const banner = (on) => {
    const place = document.querySelector("#notice");
    const text = document.body.dataset[on] || "";
    if (place) place.replaceChildren();
    if (place && text) { const box = document.createElement("div"); box.className = "banner"; box.textContent = text; place.append(box); }
  };
  let source = null;
  let known = document.querySelector("[data-head]")?.dataset.head || "";
  const listen = () => {
    if (source || document.hidden || !address || !lives().length) return;
    source = new EventSource(address);
    source.addEventListener("ledger", (event) => {
      banner("");
      if (known && known !== event.data) lives().forEach((node) => htmx.trigger(node, "live"));
      known = event.data;
    });
    source.addEventListener("signed-out", () => { source.close(); banner("signedout"); });
    source.addEventListener("error", () => banner("offline"));
  };
  const rest = () => { source?.close(); source = null; };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", listen);
  /* Whoever had the list shown anew stands at what says so. */
  let asked = false;
  document.addEventListener("click", (event) => { asked = Boolean(event.target.closest("#fresh a")); });
  document.addEventListener("htmx:after:swap", () => {
    if (asked && !document.querySelector("#fresh a")) { asked = false; document.querySelector("#fresh")?.focus({ preventScroll: true }); }
  });
  addEventListener("offline", () => banner("offline"));
  addEventListener("online", () => banner(""));

  /* Buttons that print, and say so in the ledger first (data-print="/path"). */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-print]");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.print) await net(button.dataset.print, { method: "POST" }).catch(() => null);
    print();
  });
  /* Closing an open menu by a click elsewhere or Escape. */
  document.addEventListener("click", (event) => document.querySelectorAll("details.who[open], details.more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));

  /* Where the tabs are wider than the window, the one shown is brought into sight. */
  const bring = () => document.querySelectorAll(".tabs [aria-current]").forEach((tab) => { tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2; });
  bring();
  restore(document);
  document.addEventListener("htmx:after:swap", () => restore(document));
})();
