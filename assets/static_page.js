"use strict";
// traymon renews this page every minute; one that is older was left behind by a traymon that died.
const grey = document.getElementById("no-contact");
const lost = document.getElementById("lost");
const written = new Date(Number(grey.dataset.at) * 1000);

function showAge() {
  if (!lost.hidden || Date.now() - written < 180000) return;
  document.body.className = "grey";
  for (const article of document.querySelectorAll("article")) article.className = "target grey";
  for (const row of document.querySelectorAll(".targets > li")) row.className = "grey";
  for (const shape of document.querySelectorAll("header svg, h2 svg")) {
    shape.replaceChildren(...grey.content.firstElementChild.cloneNode(true).children);
    shape.setAttribute("aria-label", "grey");
  }
  document.getElementById("icon").href = grey.dataset.icon;
  document.title = "(no contact) " + document.title;
  lost.textContent = "This page is old: traymon has not renewed it since " + written.toLocaleString() +
    ". Start traymon to see the current status.";
  lost.hidden = false;
}

showAge();
setInterval(showAge, 10000);
