// The frame: who is signed in, which page the address names, what stands around it.
import { Problem, forget, get, isKept, keep, key, now } from "./api.js";
import { failed, icon, toast } from "./parts.js";
import { html, nothing, render } from "./vendor/lit-html.js";

/** @typedef {import("./types.js").App} App */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Whoami} Whoami */

const THEME = "theme";
const FRAME = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Which module shows an address, and what the address says. @type {[RegExp, string, string][]} */
const PAGES = [
  [/^\/?$|^\/databases$/, "databases", "Databases"],
  [/^\/databases\/([^/]+)\/([^/]+)$/, "database", "Databases"],
  [/^\/new$/, "new", "New"],
  [/^\/requests$/, "requests", "Requests"],
  [/^\/board$/, "board", "Board"],
  [/^\/requests\/([0-9a-f-]+)$/, "request", "Requests"],
];

/** The addresses of the first page. */
const LISTS = ["", "/", "/databases"];

/** The pages that need more than the first stylesheet, and what they need. @type {Record<string, string[]>} */
const STYLED = { database: ["pages"], new: ["pages"], request: ["pages"], board: ["pages", "board"] };

const state = {
  /** @type {Page | null} */ page: null,
  path: "",
  section: "",
  team: "",
  operator: false,
  /** @type {import("./types.js").Catalog | null} */ catalog: null,
  /** @type {Problem | null} why the page could not be opened */ problem: null,
  /** "" signed in; else what the sign-in says */ refused: "",
  asks: key() === "",
  checking: false,
};

/** @type {App} */
const app = {
  draw,
  team: () => state.team,
  ofAll: () => state.operator,
  catalog: () => state.catalog,
  toast,
  go: (hash) => {
    location.hash = hash;
  },
  query: () => new URLSearchParams(location.hash.split("?")[1] ?? ""),
  filter: (changes) => {
    const query = app.query();
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    history.replaceState(null, "", `#${state.path}${text ? `?${text}` : ""}`);
    state.page?.filtered?.();
    draw();
  },
  mark: (what) => {
    const link = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
    link.href = what ? `icon-${what}.svg` : "icon.svg";
  },
};

/** Draw what has changed; asked for often, done once a frame. */
let asked = false;
function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    render(frame(), FRAME);
    const page = state.asks && !state.page ? "Sign in" : (state.page?.title() ?? state.section);
    document.title = [page, state.team || "RDS Provisioner"].filter(Boolean).join(" · ");
    // A dialog is drawn while it is wanted.
    for (const dialog of document.querySelectorAll("dialog")) if (!dialog.open) dialog.showModal();
  });
}

function frame() {
  return html`${top()}<main id="main" tabindex="-1">${
    state.asks && !state.page ? signIn() : state.problem ? failed(state.problem, null, now(), open) : state.page?.view()
  }</main>${
    state.asks && state.page
      ? html`<dialog id="key-again" aria-labelledby="key-h" @cancel=${(/** @type {Event} */ e) => e.preventDefault()}>${keyForm()}</dialog>`
      : nothing
  }`;
}

function top() {
  const links = state.operator ? [["Board", "#/board"]] : [["Databases", "#/databases"], ["Requests", "#/requests"], ["New", "#/new"]];
  return html`<div class="top"><div>
    <a class="brand" href="#/">${mark()}<span>RDS Provisioner</span></a>
    ${state.team ? html`<span class="team">${state.operator ? "All teams" : html`<span class="sr">Team </span>${state.team}`}</span>` : nothing}
    ${
      state.team && (state.page || !state.asks)
        ? html`<nav class="nav" aria-label="Main">${links.map(
            ([name, href]) => html`<a href=${href} aria-current=${name === state.section ? "page" : nothing}>${name}</a>`,
          )}</nav>
          ${state.operator ? html`<span class="push"></span>` : html`<form class="find push" role="search" @submit=${find}>${icon("search", true)}<input type="search" name="find" aria-label="Find a database"
            placeholder="Find" autocomplete="off" spellcheck="false" @input=${findAsTyped} .value=${state.section === "Databases" ? (app.query().get("find") ?? "") : ""}><kbd aria-hidden="true">/</kbd></form>`}`
        : html`<span class="push"></span>`
    }
    <button class="btn quiet icon" type="button" aria-label="Switch between light and dark" @click=${switchTheme}>${icon("sun")}</button>
    ${
      key()
        ? html`<button class="me" type="button" popovertarget="account" aria-label="${initials()}, account of ${state.operator ? "an operator" : `team ${state.team}`}">${initials()}</button>
      <div id="account" popover><p><b>${state.operator ? "Operator, all teams" : `Team ${state.team}`}</b></p><p class="small sub">${
        isKept() ? "The key is kept in this browser until you sign out." : "The key is kept for this tab only."
      }</p><button class="btn sm" type="button" @click=${signOut}>Sign out</button></div>`
        : nothing
    }
  </div></div>`;
}

function initials() {
  return (state.team || "?").slice(0, 2).toUpperCase();
}

function mark() {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" aria-hidden="true"><path d="M12 2.3A9.7 9.7 0 1 1 2.3 12" stroke-width="2.5"/><circle cx="3.9" cy="6.7" r="1.35" fill="currentColor" stroke="none" opacity=".55"/><circle cx="7.1" cy="3.7" r="1.35" fill="currentColor" stroke="none" opacity=".8"/><g stroke-width="1.9"><ellipse cx="12" cy="9" rx="4" ry="1.6"/><path d="M8 9v6.2c0 .9 1.8 1.6 4 1.6s4-.7 4-1.6V9M8 12.1c0 .9 1.8 1.6 4 1.6s4-.7 4-1.6"/></g></svg>`;
}

// The key

function signIn() {
  return html`<section class="card sign-in">${keyForm()}</section>`;
}

function keyForm() {
  const again = state.page !== null;
  return html`<form class="body stack" @submit=${signedIn}>
    <div>${again ? html`<h2 id="key-h">Send the key again</h2>` : html`<h1 id="key-h">Sign in</h1>`}
      <p class="sub">${
        again ? "The API does not take the key any more. What you typed on the page stays." : "With your team's API key; the platform team gives it out."
      }</p></div>
    <div class="field"><label for="key">API key</label><input class="input mono ${state.refused ? "bad" : ""}" id="key" name="key" type="password" required autocomplete="current-password"
      spellcheck="false" aria-describedby="key-help" aria-invalid=${state.refused ? "true" : nothing} ?autofocus=${again}>
      <p class="help ${state.refused ? "err" : ""}" id="key-help" role=${state.refused ? "alert" : nothing}>${
        state.refused ? html`${icon("alert", true)}<span>${state.refused}</span>` : "It is sent to this address only, and never stands in a link."
      }</p></div>
    <label class="check"><input type="checkbox" name="stays"><span>Keep it in this browser <span class="sub">instead of this tab only</span></span></label>
    <div class="row"><button class="btn primary" type="submit" ?disabled=${state.checking}>${state.checking ? "Checking…" : "Sign in"}</button></div>
  </form>`;
}

/** @param {SubmitEvent} event */
async function signedIn(event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const given = String(form.get("key")).trim();
  state.checking = true;
  state.refused = "";
  draw();
  try {
    const whose = await get("/whoami", { key: given });
    keep(given, form.get("stays") !== null);
    const before = state.team;
    signedInAs(/** @type {Whoami} */ (whose));
    state.asks = false;
    if (state.page && state.team === before) {
      state.page.again?.();
    } else {
      state.page?.close();
      state.page = null;
      await open();
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    state.refused =
      error.kind === "refused" ? "The API does not know this key. Ask the platform team for one." : `${error.title}. ${error.detail}`;
  } finally {
    state.checking = false;
    draw();
  }
}

/** @param {Whoami} whose */
function signedInAs(whose) {
  state.team = whose.team;
  state.operator = whose.scopes.includes("operator");
}

function signOut() {
  forget();
  state.page?.close();
  Object.assign(state, { page: null, team: "", operator: false, asks: true, refused: "", catalog: null });
  draw();
}

/** A page's call was refused for its key: ask for it, and keep the page. */
window.addEventListener("key-refused", () => {
  if (state.asks) return;
  state.asks = true;
  draw();
});

// Pages

async function open() {
  const [path = ""] = location.hash.slice(1).split("?");
  if (state.page && path === state.path) {
    state.page.filtered?.();
    draw();
    return;
  }
  state.page?.close();
  Object.assign(state, { page: null, path, problem: null });
  app.mark("");
  const found = PAGES.map(([pattern, file, section]) => ({ match: pattern.exec(path), file, section })).find((one) => one.match);
  state.section = found?.section ?? "";
  if (state.asks) {
    draw();
    return;
  }
  try {
    await load();
    if (state.operator && LISTS.includes(path)) return app.go("#/board");
    const file = found?.file ?? "missing";
    const [module] = await Promise.all([import(`./pages/${file}.js`), ...(STYLED[file] ?? []).map(style)]);
    if (path !== state.path) return;
    state.page = module.open(app, (found?.match ?? []).slice(1).map(decodeURIComponent));
  } catch (error) {
    if (error instanceof Problem && error.kind === "refused") {
      state.asks = true;
    } else {
      state.problem = error instanceof Problem ? error : new Problem("offline", {
        title: "The page could not be loaded",
        detail: "The console's files did not come. Your databases are not affected.",
      });
    }
  }
  draw();
}

/** A stylesheet of pages beyond the first; there before they are drawn. @param {string} name */
function style(name) {
  if (document.querySelector(`link[href='${name}.css']`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = `${name}.css`;
  document.head.append(link);
  return new Promise((loaded, failed) => {
    link.addEventListener("load", loaded);
    link.addEventListener("error", () => failed(link.remove()));
  });
}

/** What every page needs: whose key it is, and what may be asked for. */
async function load() {
  await Promise.all([
    state.team || get("/whoami").then((whose) => {
      signedInAs(/** @type {Whoami} */ (whose));
      draw();
    }),
    state.catalog || get("/catalog").then((catalog) => {
      state.catalog = /** @type {import("./types.js").Catalog} */ (catalog);
    }),
  ]);
}

window.addEventListener("hashchange", async () => {
  const before = state.path;
  await open();
  if (state.path === before) return;
  window.scrollTo(0, 0);
  document.getElementById("main")?.focus({ preventScroll: true });
});

// Find

/** @param {Event} event */
function find(event) {
  event.preventDefault();
  const text = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("find"));
  if (!LISTS.includes(state.path)) app.go(`#/databases?find=${encodeURIComponent(text)}`);
  else /** @type {HTMLElement | null} */ (document.querySelector(".dbs .name"))?.focus();
}

/** @param {Event} event */
function findAsTyped(event) {
  if (!LISTS.includes(state.path)) return;
  app.filter({ find: /** @type {HTMLInputElement} */ (event.target).value });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || state.asks || state.operator) return;
  if (event.key === "/") {
    event.preventDefault();
    /** @type {HTMLElement | null} */ (document.querySelector(".find input"))?.focus();
  } else if (event.key === "n") {
    app.go("#/new");
  }
});

// Theme: the system's until the reader chooses

function chosenTheme() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem(THEME, root.dataset.theme);
  } catch {
    /* chosen for this page only */
  }
}

const theme = chosenTheme();
if (theme) document.documentElement.dataset.theme = theme;
setInterval(() => {
  if (!document.hidden && state.page?.ticks?.()) draw();
}, 1000);
draw();
open();
