"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const id = (name) => document.getElementById(name);
  const resources = all("details.r"), parts = all("details.c"), groups = all(".group:has(.tree)");
  const search = id("search"), status = id("status");
  const checked = (name) => all(`input[name=${name}]:checked`).map((box) => box.value);
  let texts = null;

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const operations = checked("op"), kinds = checked("kind");
    if (words.length && !texts) texts = resources.map((resource) => resource.textContent.toLowerCase());
    let shown = 0;
    resources.forEach((resource, index) => {
      const fits = (!operations.length || operations.includes(resource.dataset.op))
        && (!kinds.length || kinds.some((kind) => resource.dataset.kinds.split(" ").includes(kind)))
        && words.every((word) => texts[index].includes(word));
      resource.hidden = !fits;
      shown += fits;
    });
    for (const part of parts) {
      part.hidden = !part.querySelector("details.r:not([hidden])");
      if (words.length && !part.hidden) part.open = true;
    }
    for (const group of groups) group.querySelector(".none").hidden = Boolean(group.querySelector("details.r:not([hidden])"));
    status.textContent = shown === resources.length ? `${shown} resources` : `${shown} of ${resources.length} resources`;
    highlight(words);
  }

  function highlight(words) {
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("found");
    if (!words.length) return;
    const ranges = [];
    for (const resource of resources.filter((found) => !found.hidden).slice(0, 200)) {
      const walker = document.createTreeWalker(resource, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const text = walker.currentNode.data.toLowerCase();
        if (text.length !== walker.currentNode.data.length) continue;
        for (const word of words) {
          for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
            ranges.push(new StaticRange({ startContainer: walker.currentNode, startOffset: at, endContainer: walker.currentNode, endOffset: at + word.length }));
          }
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges.slice(0, 5000)));
  }

  function clear() {
    search.value = "";
    for (const box of all("#tools input:checked")) box.checked = false;
    apply();
  }

  // A link to a resource leads to it, also where it is folded away or filtered out.
  function follow() {
    const target = location.hash.length > 1 && id(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) clear();
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  }

  function theme() {
    const remember = (run) => { try { return run(); } catch { return null; } };
    const radios = all("input[name=theme]");
    const before = remember(() => localStorage.getItem("commonground-theme"));
    for (const radio of radios) {
      if (radio.value === before) radio.checked = true;
      radio.addEventListener("change", () => remember(() => localStorage.setItem("commonground-theme", radio.value)));
    }
  }

  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 60); });
  for (const box of all("#tools input[type=checkbox]")) box.addEventListener("change", apply);
  const fold = (open) => () => { for (const found of [...parts, ...resources]) if (!found.hidden) found.open = open; };
  id("expand").addEventListener("click", fold(true));
  id("collapse").addEventListener("click", fold(false));
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search]")) return;
    event.preventDefault();
    search.focus();
  });
  theme();
  id("tools").hidden = !resources.length;
  apply();
  follow();
})();
