/*
 * Copy buttons beside texts that stand in read-only fields. Without this file the buttons are not there, and the texts can
 * be selected like any other. Nothing is stored. All words are data attributes of the page.
 */
const box = document.querySelector("[data-copying]");
const status = document.querySelector("[data-status]");

function say(words) {
  status.textContent = "";
  setTimeout(() => (status.textContent = words), 50); // a live region speaks only when it changes
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.focus({ preventScroll: true });
  field.select();
  let words = box.dataset.copied;
  try {
    await navigator.clipboard.writeText(field.value);
    button.focus({ preventScroll: true });
  } catch {
    words = box.dataset.byHand; // not allowed here: the text is selected, the rest is one key
  }
  say(words);
  const before = button.innerHTML;
  button.dataset.busy = "yes";
  button.textContent = words;
  setTimeout(() => {
    button.innerHTML = before;
    delete button.dataset.busy;
  }, 2500);
}

for (const button of box?.querySelectorAll("[data-copy]") ?? []) {
  button.hidden = false;
  button.addEventListener("click", () => button.dataset.busy || copy(button));
}
