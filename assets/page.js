"use strict";
// The page keeps itself in step with traymon. Whoever asks traymon needs the page's key: a one-time
// address gives it, and the browser keeps it, for this port of this computer alone. It is not a cookie:
// browsers send those to every port.

const status = document.getElementById("status");
const trouble = document.getElementById("trouble");
const spoken = document.getElementById("spoken"); // for screen readers alone
const KEY = "traymon-key";
let key = null;

function ask(path, secret, more) {
  const headers = { Authorization: "Bearer " + secret };
  return fetch(path, { ...more, headers, credentials: "omit", cache: "no-store" });
}

// The page of all targets leads to each one's own by its name in the address, behind a "#".
function target() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
}

function ofTarget(path) {
  return target() ? path + "?target=" + encodeURIComponent(target()) : path;
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
    history.replaceState(null, "", "/" + location.hash);
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
  past.replaceChildren();
  drill.replaceChildren();
  drilled = "";
  document.body.className = "grey live";
  document.title = title = "traymon";
  icon.href = grey.dataset.icon;
  lost.hidden = document.querySelector("nav").hidden = document.getElementById("subscribe").hidden = true;
}

async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 2000);
}

function addCopyButtons(within) {
  for (const block of within.querySelectorAll("pre")) {
    block.tabIndex = 0;
    if (block.textContent.startsWith("✓")) continue; // what a command prints, not what to type
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy " + block.textContent.trim());
    const text = block.textContent.trim();
    button.addEventListener("click", () => copy(text, button));
    block.after(button);
  }
}

const parser = document.createElement("template");
const past = document.getElementById("history");
let shown = status?.innerHTML.trim();
const drill = document.getElementById("drill");
let drilled = ""; // what it shows
let title = document.title;

function show(picture) {
  parser.innerHTML = picture.html;
  const next = parser.innerHTML.trim();
  if (next === shown) return;
  shown = next;
  const before = document.body.className;
  replace(status, picture.html);
  document.body.className = picture.light + " live";
  const headline = status.querySelector("h1")?.textContent ?? "";
  if (before !== document.body.className) spoken.textContent = picture.light + ": " + headline;
}

// What is folded out stays open.
function replace(box, html) {
  const open = new Set([...box.querySelectorAll("details[open]")].map((one) => one.id));
  const focused = box.contains(document.activeElement) ? document.activeElement : null;
  box.innerHTML = html;
  for (const one of box.querySelectorAll("details")) one.open = open.has(one.id);
  addCopyButtons(box);
  if (focused) refocus(box, focused);
}

// The contents were replaced: the focus goes to what was focused, or to what it was folded into.
function refocus(box, before) {
  const same = (one) => one.tagName === before.tagName && one.textContent === before.textContent;
  const next = document.getElementById(before.id) ??
    [...box.querySelectorAll("a, button, pre, .scroll")].find(same) ??
    document.getElementById(before.closest("details")?.id)?.querySelector("summary");
  next?.focus({ preventScroll: true });
}

// Counts down to the next check by traymon's clock.
let ahead = 0; // seconds by which it is ahead of the browser's

function checkedAt() {
  return Number(status.querySelector(".looking")?.dataset.checked ?? 0);
}

function countDown() {
  for (const line of status.querySelectorAll(".looking")) {
    const left = Math.ceil(Number(line.dataset.due) - Date.now() / 1000 - ahead);
    const words = left > 0 ? ", next in " + (left < 100 ? left + " s" : Math.round(left / 60) + " min") : ", checking now";
    const next = line.querySelector(".next");
    if (next) next.textContent = lost.hidden ? words : "";
  }
}

// traymon says every 4 seconds that it is alive; one that hangs keeps the connection but is silent.
const SILENCE = 12000;
const CONTROLS = "nav button, nav input, [data-post]";
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
  document.body.className = "grey live";
  for (const article of status.querySelectorAll("article")) article.className = "target grey";
  for (const row of status.querySelectorAll(".targets > li")) row.className = "grey";
  for (const shape of status.querySelectorAll("header svg, h2 svg")) {
    shape.replaceChildren(...grey.content.firstElementChild.cloneNode(true).children);
    shape.setAttribute("aria-label", "grey");
  }
  icon.href = grey.dataset.icon;
  document.title = mark + title;
  for (const control of document.querySelectorAll(CONTROLS)) control.disabled = true;
  beBusy(null);
  countDown();
}

function find() {
  if (lost.hidden) return;
  lost.hidden = true;
  for (const control of document.querySelectorAll(CONTROLS)) control.disabled = false;
}

function take(picture) {
  find();
  show(picture);
  if (moved) arrive();
  document.title = title = picture.title;
  if (icon.href !== picture.icon) icon.href = picture.icon;
  showActions(picture.state);
  trouble.textContent = picture.trouble; // with traymon itself
  trouble.hidden = !picture.trouble;
  if (picture.drill !== drilled) replace(drill, drilled = picture.drill);
  ahead = picture.now - Date.now() / 1000;
  countDown();
  if (busySince !== null && checkedAt() > busySince) {
    beBusy(null);
    say("Checked " + new Date(checkedAt() * 1000).toTimeString().slice(0, 8) + ".");
  }
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
      const data = event.match(/^data: (.+)/m)?.[1];
      if (!name) take(JSON.parse(data));
      if (name === "history") replace(past, JSON.parse(data));
    }
  }
}

let following = new AbortController(); // ends the stream of the page that is left

async function follow() {
  for (;;) {
    hear();
    following = new AbortController();
    try {
      const answer = await ask(ofTarget("/events"), key, { signal: following.signal });
      if (answer.status === 401) return forgetKey();
      if (answer.ok && await read(answer.body) === "rest") {
        await rest();
        continue;
      }
    } catch (error) {
      if (following.signal.aborted) continue;
      console.info("traymon does not answer:", error);
    }
    lose();
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}

// Another target's page: what is read first there is its headline.
let moved = false;

function move() {
  moved = true;
  beBusy(null);
  past.replaceChildren();
  following.abort();
}

function arrive() {
  moved = false;
  const headline = status.querySelector("h1");
  headline.tabIndex = -1;
  headline.focus();
  scrollTo(0, 0);
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
  listenToActions();
  addEventListener("hashchange", move);
  setInterval(countDown, 1000);
  const missing = await findKey();
  if (missing) return showInstead(missing);
  await follow();
  clearTimeout(silence);
}

// The page of an incident comes without its contents, as the key opens those alone.
async function showIncident(box) {
  key = keptKey();
  const answer = key && await ask(box.dataset.contents, key);
  if (answer?.ok) box.innerHTML = await answer.text();
  document.title = box.querySelector("h1").textContent + " · traymon";
  for (const button of box.querySelectorAll("[data-report]")) {
    button.addEventListener("click", () => takeReport(button));
  }
}

// Copies the report of an incident, or saves it as a file.
async function takeReport(button) {
  const said = document.getElementById("report-said");
  said.textContent = "";
  try {
    const answer = await ask(button.dataset.report, key);
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (button.dataset.file) save(text, button.dataset.file);
    else await copy(text, button);
  } catch {
    said.textContent = "traymon does not answer, or the browser does not allow it.";
  }
}

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

addCopyButtons(document);
if (status) begin();
const incident = document.getElementById("incident");
if (incident) showIncident(incident);
