"use strict";
// The page keeps itself in step with traymon. Whoever asks traymon needs the page's key: a one-time
// address gives it, and the browser keeps it, for this port of this computer alone. It is no cookie:
// browsers send those to every port.

const status = document.getElementById("status");
const said = document.getElementById("said");
const KEY = "traymon-key";
let key = null;

function ask(path, secret, more) {
  const headers = { Authorization: "Bearer " + secret };
  return fetch(path, { ...more, headers, credentials: "omit", cache: "no-store" });
}

// A browser that blocks site data raises an error here.
function keptKey() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function keepKey() {
  try {
    localStorage.setItem(KEY, key);
  } catch {
    document.getElementById("forgetful").hidden = false;
  }
}

function forgetKey() {
  if (keptKey()) localStorage.removeItem(KEY);
  showInstead("old-key");
}

// Returns the template to show where there is no key.
async function findKey() {
  const [, token] = location.pathname.match(/^\/open\/(.+)$/) ?? [];
  if (token) {
    history.replaceState(null, "", "/");
    const answer = await ask("/key", token, { method: "POST" });
    if (answer.ok) {
      key = await answer.text();
      keepKey();
      return null;
    }
  }
  key = keptKey();
  if (key) return null;
  return token ? "used-key" : "no-key";
}

function showInstead(template) {
  status.replaceChildren(document.getElementById(template).content.cloneNode(true));
  document.body.className = "grey";
  document.title = title = "traymon";
  icon.href = grey.dataset.icon;
  lost.hidden = document.querySelector("nav").hidden = true;
}

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
const RETRY = 3000;
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
  turnGrey("No contact with traymon: this page is out of date. Last heard " +
    heard.toTimeString().slice(0, 8) + ".", "(no contact) ");
}

function turnGrey(words, mark) {
  if (!lost.hidden) return;
  shown = ""; // so that the next picture is shown whole
  lost.textContent = words;
  lost.hidden = false;
  document.body.className = "grey";
  for (const article of status.querySelectorAll("article")) article.className = "target grey";
  for (const shape of status.querySelectorAll("header svg")) {
    shape.innerHTML = grey.innerHTML;
    shape.setAttribute("aria-label", "grey");
  }
  icon.href = grey.dataset.icon;
  document.title = mark + title;
  for (const button of document.querySelectorAll("nav button")) button.disabled = true;
}

function find() {
  if (lost.hidden) return;
  lost.hidden = true;
  for (const button of document.querySelectorAll("nav button")) button.disabled = false;
}

function take(picture) {
  find();
  show(picture);
  document.title = title = picture.title;
  if (icon.href !== picture.icon) icon.href = picture.icon;
  document.querySelector("[data-post='/snooze/open']").hidden = !picture.hours_known;
  document.querySelector("[data-post='/use-settings']").hidden = !picture.new_settings;
  document.querySelector("nav").hidden = false;
}

// Reads server-sent events until traymon ends them; returns the name of the last one.
async function read(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", name;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return name;
    hear();
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      name = event.match(/^event: (.*)/)?.[1];
      if (!name) take(JSON.parse(event.match(/^data: (.*)/)[1]));
    }
  }
}

async function follow() {
  for (;;) {
    hear();
    try {
      const answer = await ask("/events", key);
      if (answer.status === 401) return forgetKey();
      if (answer.ok && await read(answer.body) === "rest") {
        await rest();
        continue;
      }
    } catch (error) {
      console.info("traymon does not answer:", error);
    }
    lose();
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}

// traymon keeps a few pages up to date: the oldest waits here until somebody comes back to it.
async function rest() {
  clearTimeout(silence);
  turnGrey("Several pages of traymon are open. This one is paused: click here to continue.", "(paused) ");
  await new Promise((resolve) => {
    const waiting = new AbortController();
    const resume = () => {
      if (document.hidden) return;
      waiting.abort();
      resolve();
    };
    for (const event of ["click", "focus", "visibilitychange"]) {
      window.addEventListener(event, resume, { signal: waiting.signal, capture: true });
    }
  });
}

async function begin() {
  for (const button of document.querySelectorAll("[data-post]")) {
    button.addEventListener("click", () => ask(button.dataset.post, key, { method: "POST" }));
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () =>
      copy(await (await ask(button.dataset.copy, key)).text(), button));
  }
  const missing = await findKey();
  if (missing) return showInstead(missing);
  await follow();
  clearTimeout(silence);
}

addCopyButtons(document);
if (status) begin();
