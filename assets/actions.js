"use strict";
// What can be done on the live page. page.js, which holds the key, calls this with each event.

const said = document.getElementById("said");

// Shows a confirmation for some seconds, and screen readers speak it.
let fading;

function say(text) {
  said.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => { said.textContent = ""; }, 8000);
}

async function copyReport(button) {
  try {
    const answer = await ask(ofTarget(button.dataset.copy), key);
    if (answer.status === 401) return forgetKey();
    if (!answer.ok) throw new Error(answer.status);
    await copy(await answer.text(), button);
    say(button.dataset.said);
  } catch {
    say("The diagnosis could not be copied.");
  }
}

// Returns whether traymon does what was asked for. `take` gets its answer.
async function post(path, words, take) {
  try {
    const answer = await ask(path, key, { method: "POST" });
    if (answer.status === 401) forgetKey();
    else if (answer.ok && take) take(await answer.json());
    if (answer.status !== 401) say(answer.ok ? words : await answer.text());
    return answer.ok;
  } catch {
    say("traymon does not answer. Nothing was changed.");
    return false;
  }
}

// Shows the address that traymon answers with, and whether it works only until the next restart.
function showAddress(place, address) {
  const block = document.createElement("pre");
  block.textContent = address.url;
  place.replaceChildren(block);
  addCopyButtons(place);
  document.getElementById(place.id + "-ends").hidden = address.lasts;
}

// "Check now" is busy until traymon has checked.
const checkNow = document.getElementById("check-now");
let busySince = null;

function beBusy(since) {
  busySince = since;
  checkNow.setAttribute("aria-disabled", since !== null); // it keeps the focus, unlike a disabled one
  document.getElementById("idle").hidden = since !== null;
  document.getElementById("busy").hidden = since === null;
}

// The actions above the page are for what it shows: one target, or all of them.
function pathOf(button) {
  const path = button.dataset.post;
  return button.closest("nav") ? ofTarget(path) : path;
}

async function press(button) {
  if (button.dataset.copy) {
    copyReport(button);
  } else if (button !== checkNow) {
    if (button.closest(".menu")) closeMenu();
    const place = document.getElementById(button.dataset.shows ?? "");
    post(pathOf(button), button.dataset.said, place && ((address) => showAddress(place, address)));
  } else if (busySince === null) {
    beBusy(checkedAt());
    if (!await post(pathOf(button), "Checking…")) beBusy(null);
  }
}

// Offers what can be done in this state: Pause or Resume, never both.
function showActions(state) {
  document.querySelector("nav").hidden = false;
  const focused = document.activeElement;
  for (const one of document.querySelectorAll("[data-when]")) {
    one.hidden = !state.includes(one.dataset.when);
  }
  if (focused?.hidden) document.querySelector("nav button:not([hidden])").focus();
}

const menu = document.getElementById("snooze");

function closeMenu() {
  menu.open = false;
  menu.querySelector("summary").focus(); // what was focused in it is hidden now
}

function listenToActions() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-post], [data-copy]");
    if (!menu.contains(event.target)) menu.open = false;
    if (button) press(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) closeMenu();
  });
  document.getElementById("snooze-for").addEventListener("submit", (event) => {
    event.preventDefault();
    const minutes = event.target.elements.minutes.value;
    closeMenu();
    post(ofTarget("/snooze/" + minutes + "m"), "Notifications are off for " + minutes + " min.");
  });
}
