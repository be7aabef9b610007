/* The workbench of breaks: keys, rows chosen together, the row that is shown. Without this file links and forms do all of it. */
"use strict";
(() => {
  const $ = (what, root = document) => root.querySelector(what);
  const all = (what) => [...document.querySelectorAll(what)];
  const rows = () => all("[data-row]");
  const here = () => $(".brk.sel") || null;
  const link = (row) => row && $("a", row);
  const see = (row) => {
    const list = $("#list");
    if (!row || !list) return;
    const top = row.getBoundingClientRect().top - list.getBoundingClientRect().top;
    if (top < 30 || top + row.offsetHeight > list.clientHeight) list.scrollTop += top - list.clientHeight / 3;
  };
  const show = (row) => { const to = link(row); if (to) { see(row); to.click(); } };

  const mark = () => {
    const id = $("#det")?.dataset.id;
    if (!id) return;
    $(".wb").classList.add("has");
    rows().forEach((row) => {
      const on = row.dataset.row === id;
      row.classList.toggle("sel", on);
      const to = link(row);
      if (on) to.setAttribute("aria-current", "true"); else to.removeAttribute("aria-current");
    });
    const alike = $("#det").dataset.alike;
    const boxes = all("[data-alike][type=checkbox]");
    if (!boxes.some((box) => box.checked && box.dataset.alike === alike && box.value.startsWith(id))) boxes.forEach((box) => { box.checked = box.value.startsWith(id); });
    tell();
  };
  const tell = () => {
    const alike = $("#det")?.dataset.alike;
    const form = $("#decide");
    const boxes = all("[data-alike][type=checkbox]");
    boxes.forEach((box) => { const other = Boolean(alike) && box.dataset.alike !== alike; box.disabled = other || !form; if (other) box.checked = false; });
    if (!form) return;
    const many = boxes.filter((box) => box.checked).length;
    const said = $("#chosen");
    said.hidden = many < 2;
    $("span", said).textContent = said.dataset.text.replace("{n}", many);
    const send = $("button[data-many]", form);
    if (!$("[name=insist]", form)) send.textContent = many > 1 ? send.dataset.many.replace("{n}", many) : send.dataset.one;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-alike]")) tell();
    if (event.target.matches("#filters select")) $("#filters").requestSubmit();
    if (event.target.matches("#keys-off")) localStorage.setItem("exchange-keys", event.target.checked ? "off" : "on");
  });

  const typing = (node) => node.isContentEditable || /^(TEXTAREA|SELECT)$/.test(node.tagName) || (node.tagName === "INPUT" && !/^(checkbox|radio)$/.test(node.type));
  const step = (by) => { const list = rows(); const at = list.indexOf(here()); show(list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)]); };
  const keys = {
    KeyJ: () => step(1),
    KeyK: () => step(-1),
    KeyX: () => { const box = here() && $("[type=checkbox]", here()); if (box && !box.disabled) { box.checked = !box.checked; tell(); } },
    KeyA: () => { const note = $("#note"); if (note) { note.open = true; $("#give")?.focus(); } },
    KeyC: () => { const note = $("#note"); if (note) { note.open = true; $("#comment")?.focus(); } },
    Escape: () => (link(here()) || $("#list"))?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      const form = event.code === "Enter" && event.target.closest("form");
      if (form && form.method === "post") { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (typing(event.target) || localStorage.getItem("exchange-keys") === "off") return;
    if (event.key === "?") { const help = $("details.keys"); help.open = !help.open; return; }
    if (event.shiftKey) return;
    const number = /^(?:Digit|Numpad)([1-5])$/.exec(event.code);
    const option = number && all("#decide [name=choice]")[number[1] - 1];
    if (option) { event.preventDefault(); option.checked = true; $("#why").focus(); return; }
    if (keys[event.code]) { event.preventDefault(); keys[event.code](); }
  });

  /* A swap of the break beside, or of the list; one of anything else (the bar of updates) changes nothing here. */
  let beside = null, list = null;
  document.addEventListener("htmx:after:swap", () => {
    const now = [$("#det"), $("#col")?.dataset.made];
    if (now[0] === beside && now[1] === list) return;
    mark();
    if (now[0] !== beside) $("#object")?.focus({ preventScroll: true });
    [beside, list] = now;
  });
  addEventListener("DOMContentLoaded", () => {
    const apply = $("#filters .apply");
    if (apply) apply.hidden = true;
    const off = $("#keys-off");
    if (off) off.checked = localStorage.getItem("exchange-keys") === "off";
    mark();
    see(here());
    [beside, list] = [$("#det"), $("#col")?.dataset.made];
  });
})();
