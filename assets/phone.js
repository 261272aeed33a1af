"use strict";
// The page that sets up alerts on a phone. page.js, which is loaded first, holds the key.

const steps = document.getElementById("phone");
const locked = steps.innerHTML; // what is shown to a browser without a key
const failed = document.getElementById("failed");

// Shows the steps as traymon answers with them; says so if it does not.
async function showSteps(path, method) {
  failed.textContent = spoken.textContent = "";
  try {
    const answer = await ask(path, key, { method });
    if (answer.status === 401) steps.innerHTML = locked;
    else if (answer.ok) replace(steps, await answer.text());
    else throw new Error(answer.status);
  } catch (error) {
    console.info("traymon does not answer:", error);
    failed.textContent = "traymon does not answer. Nothing was changed.";
  }
  spoken.textContent = steps.querySelector("[data-spoken]")?.textContent ?? "";
}

// A button of a step is busy until traymon has answered; a test takes seconds.
async function takeStep(button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const words = button.textContent;
  button.setAttribute("aria-disabled", true); // it keeps the focus, unlike a disabled one
  button.textContent = button.dataset.busy;
  await showSteps(button.dataset.phone, "POST");
  button.removeAttribute("aria-disabled");
  button.textContent = words;
}

steps.addEventListener("click", (event) => {
  const button = event.target.closest("[data-phone]");
  if (button) takeStep(button);
});
steps.addEventListener("submit", (event) => {
  event.preventDefault();
  showSteps("/phone/server?address=" + encodeURIComponent(event.target.elements.address.value), "POST");
});

key = keptKey();
if (key) showSteps("/phone/steps", "GET");
