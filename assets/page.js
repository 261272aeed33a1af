"use strict";
// The page keeps itself in step with traymon; without this script it is reloaded every few seconds.

const status = document.getElementById("status");
const said = document.getElementById("said");
const token = document.querySelector("meta[name=traymon-token]")?.content;

function say(text) {
  said.textContent = text;
}

async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 2000);
}

function addCopyButtons(within) {
  for (const block of within.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy " + block.textContent.trim());
    const text = block.textContent.trim();
    button.addEventListener("click", () => copy(text, button));
    block.tabIndex = 0;
    block.after(button);
  }
}

const parser = document.createElement("template");
let shown = status?.innerHTML.trim();
let title = document.title;

function show(picture) {
  parser.innerHTML = picture.html;
  const next = parser.innerHTML.trim();
  if (next === shown) return;
  shown = next;
  const open = new Set([...status.querySelectorAll("details[open]")].map((one) => one.id));
  const focused = document.activeElement?.closest?.("details")?.id;
  const before = document.body.className;
  status.innerHTML = picture.html;
  for (const one of status.querySelectorAll("details")) one.open = open.has(one.id);
  if (focused) document.getElementById(focused)?.querySelector("summary")?.focus();
  document.body.className = picture.light;
  addCopyButtons(status);
  const headline = status.querySelector("h1")?.textContent ?? "";
  if (before !== picture.light) say(picture.light + ": " + headline);
}

// traymon says every 4 seconds that it is alive; one that hangs keeps the connection but is silent.
const SILENCE = 12000;
const lost = document.getElementById("lost");
const icon = document.getElementById("icon");
const grey = document.getElementById("no-contact");
let heard = new Date();
let silence;

function hear() {
  heard = new Date();
  clearTimeout(silence);
  silence = setTimeout(lose, SILENCE);
}

function lose() {
  if (!lost.hidden) return;
  shown = ""; // so that the next picture is shown whole
  lost.textContent = "No contact with traymon: this page is out of date. Last heard " +
    heard.toTimeString().slice(0, 8) + ".";
  lost.hidden = false;
  document.body.className = "grey";
  for (const article of status.querySelectorAll("article")) article.className = "target grey";
  for (const shape of status.querySelectorAll("header svg")) {
    shape.innerHTML = grey.innerHTML;
    shape.setAttribute("aria-label", "grey");
  }
  icon.href = grey.dataset.icon;
  document.title = "(no contact) " + title;
  for (const button of document.querySelectorAll("nav button")) button.disabled = true;
}

function find() {
  if (lost.hidden) return;
  lost.hidden = true;
  for (const button of document.querySelectorAll("nav button")) button.disabled = false;
}

function follow() {
  const events = new EventSource("/events");
  events.onmessage = (event) => {
    const picture = JSON.parse(event.data);
    hear();
    find();
    show(picture);
    document.title = title = picture.title;
    if (icon.href !== picture.icon) icon.href = picture.icon;
  };
  events.addEventListener("alive", hear);
  events.onerror = lose;
  hear();
}

addCopyButtons(document);
if (token) {
  for (const button of document.querySelectorAll("[data-post]")) {
    button.addEventListener("click", () =>
      fetch(button.dataset.post, { method: "POST", headers: { "X-Traymon-Token": token } }));
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () =>
      copy(await (await fetch(button.dataset.copy)).text(), button));
  }
  document.querySelector("nav").hidden = false;
  follow();
}
