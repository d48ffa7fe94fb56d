/*
 * The letters on the write page and on the confirmation page, made better where JavaScript runs: several letters become
 * tabs, the letter keeps up with the form, words are counted, and the form is sent once. Without this file all of it works
 * by the Preview button. Nothing is stored in the browser: a phone may be shared. All words are data attributes of the page.
 */
const PAUSE = 400; // milliseconds without a key before the letter is asked for
const RETRY = 15000; // a form that got no answer may be sent again (submission_key makes it one letter)

const preview = document.getElementById("preview");
const form = document.querySelector("form[data-write]");
let chosen = ""; // slug of the letter that is looked at; survives a new preview

/* Tabs over the papers */

function show(slug, focus = false) {
  for (const tab of preview.querySelectorAll("[role=tab]")) {
    const on = tab.dataset.slug === slug;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    if (on && focus) tab.focus();
  }
  for (const paper of preview.querySelectorAll("[data-paper]")) paper.hidden = paper.dataset.paper !== slug;
  chosen = slug;
}

function makeTabs() {
  const list = preview.querySelector(".tabs");
  if (!list) return;
  const papers = [...preview.querySelectorAll("[data-paper]")];
  list.setAttribute("role", "tablist");
  [...list.children].forEach((tab, index) => {
    const paper = papers[index];
    tab.id = `tab-${paper.dataset.paper}`;
    tab.dataset.slug = paper.dataset.paper;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", paper.id);
    paper.setAttribute("role", "tabpanel");
    paper.setAttribute("aria-labelledby", tab.id);
  });
  show(papers.some((paper) => paper.dataset.paper === chosen) ? chosen : papers[0].dataset.paper);
}

preview.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (!tab) return;
  event.preventDefault();
  show(tab.dataset.slug);
});

preview.addEventListener("keydown", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (!tab) return;
  const tabs = [...tab.parentElement.children];
  const at = tabs.indexOf(tab);
  const step = getComputedStyle(tab).direction === "rtl" ? -1 : 1;
  const to = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: tabs.length - 1, " ": at }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  show(tabs.at(to % tabs.length).dataset.slug, true);
});

/* The letter keeps up with the form */

let running; // the request under way
let waiting; // the timer of the pause
let latest = preview.innerHTML.trim();

/* Ask for the letters as the form stands now. Never fails: whatever goes wrong, the Preview button remains. */
async function refresh() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  const body = new FormData(form);
  body.set("intent", "preview");
  const headers = { "X-Redress-Fragment": "preview" };
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers, signal });
    if (!answer.ok || answer.redirected) return;
    const [letters, passages] = (await answer.text()).split("<template data-passages>");
    replace(letters.trim());
    offer(passages);
  } catch {
    // Overtaken by the next one, offline or refused.
  }
}

function replace(html) {
  if (html === latest) return;
  latest = html;
  const box = preview.parentElement;
  const { scrollTop } = box;
  const hadFocus = preview.contains(document.activeElement);
  preview.innerHTML = html;
  makeTabs();
  if (hadFocus) preview.querySelector("[aria-selected=true]")?.focus({ preventScroll: true });
  box.scrollTop = scrollTop;
  const status = document.querySelector("[data-status]");
  status.textContent = "";
  setTimeout(() => (status.textContent = form.dataset.updated), 50); // a live region speaks only when it changes
}

/* Points and wordings of the letters that are chosen now. What is being typed is left alone; what is open, stays open. */
function offer(html) {
  const box = form.querySelector("[data-passages]");
  if (!html || box.contains(document.activeElement)) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = html.replace("</template>", "");
  for (const area of fresh.content.querySelectorAll("textarea")) {
    const old = document.getElementById(area.id);
    if (old && old.value !== old.defaultValue) area.value = old.value;
  }
  for (const details of box.querySelectorAll("details[open]")) {
    fresh.content.querySelector(`details[data-key="${details.dataset.key}"]`)?.setAttribute("open", "");
  }
  box.replaceChildren(fresh.content);
}

function follow() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, PAUSE);
}

/* Words so far */

function countWords(area) {
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const minimum = Number(area.dataset.minimumWords);
  const count = area.value.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  document.getElementById(`${area.id}-counter`).textContent = area.dataset[count < minimum ? "wordsShort" : "words"]
    .replace("{count}", number.format(count))
    .replace("{minimum}", number.format(minimum));
}

/* Sent once. Not by `disabled`: that would take the button's intent out of what is sent, and lose the focus. */

function free() {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
}

function sendOnce(event) {
  if (event.submitter?.formTarget === "_blank") return; // only looked at, elsewhere: nothing is sent yet
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
  clearTimeout(waiting);
  running?.abort();
  setTimeout(free, RETRY);
}

/* Who comes back to a page that the browser kept, and sends it again, has put something right: that is another letter. */
function comeBack(event) {
  free();
  if (!event.persisted || !crypto.randomUUID) return;
  form.elements.submission_key.value = crypto.randomUUID();
  follow(); // the letter's reference is made from it
}

makeTabs();
if (form) {
  form.addEventListener("input", follow);
  form.addEventListener("submit", sendOnce);
  addEventListener("pageshow", comeBack);
  for (const area of form.querySelectorAll("textarea[data-minimum-words]")) {
    area.addEventListener("input", () => countWords(area));
    if (area.value) countWords(area);
  }
}
