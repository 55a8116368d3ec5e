// The board: the list of runs, the selection, and the views.
import { Chart, colour, element, format, redraw } from "./chart.js";
import { sweeps } from "./sweeps.js";
import { histograms } from "./histograms.js";
import { confusion, heatMap } from "./pictures.js";

const $ = id => document.getElementById(id);
const state = { view: "curves", selected: new Set(), one: null, smooth: 0 };
let runs = [], drawn = [], drawing = 0, known = "";

async function get(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? `${response.status}`);
  return answer;
}

// The signature of the shown curves: when it changes, the view is rebuilt.
const signature = figures => figures.join() + chosen().map(r => `${r.alarms}${r.status}`).join();
const query = (keys, more = "") => `${keys.map(k => `run=${k}`).join("&")}${more}`;
const byId = id => runs.find(r => r.id === id);
const chosen = () => runs.filter(r => state.selected.has(r.id));
const place = run => [...state.selected].indexOf(run.id);

// ---- the selection is part of the address, so that it can be bookmarked and shared

function readHash() {
  const hash = new URLSearchParams(location.hash.slice(1));
  state.view = hash.get("view") ?? "curves";
  state.selected = new Set(hash.getAll("run"));
  state.one = hash.get("one");
}

function writeHash() {
  const hash = new URLSearchParams({ view: state.view });
  for (const id of [...state.selected].slice(0, 300)) hash.append("run", id);
  if (state.one) hash.set("one", state.one);
  history.replaceState(null, "", `#${hash}`);
}

// ---- the list

function facts(run) {
  const last = run.validation_loss ?? run.test_loss ?? run.train_loss, accuracy = run.validation_accuracy ?? run.test_accuracy;
  return [`step ${run.step}`, last !== undefined ? `loss ${format(last)}` : "", accuracy !== undefined ? `${(accuracy * 100).toFixed(1)}\u00a0%` : "", run.alarms ? `${run.alarms} alarm${run.alarms > 1 ? "s" : ""}` : ""].filter(t => t).join(" · ");
}

function listed() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(w => w);
  return runs.filter(r => words.every(w => `${r.id} ${r.status}`.toLowerCase().includes(w)));
}

const items = new Map();

function item(run) {
  let made = items.get(run.id);
  if (!made) {
    const box = element("input", { type: "checkbox" }), dot = element("span", { className: "dot" }), name = element("span", { className: "runname", textContent: run.id }), text = element("span", { className: "runfacts" }), status = element("span", {});
    made = { box, dot, text, status, li: element("li", {}, element("label", {}, box, dot, element("span", {}, name, text))) };
    box.addEventListener("change", () => {
      if (box.checked) {
        state.selected.add(run.id);
        state.one = run.id;
      } else state.selected.delete(run.id);
      show();
    });
    items.set(run.id, made);
  }
  made.box.checked = state.selected.has(run.id);
  made.dot.style.background = made.box.checked ? colour(place(run)) : "";
  made.status.textContent = run.status;
  made.status.className = run.status === "running" ? "going" : ["finished", "early-stopped", "stopped", "quiet"].includes(run.status) ? "" : "failed";
  made.text.replaceChildren(made.status, ` · ${facts(run)}`);
  return made.li;
}

function list() {
  const shown = listed();
  $("count").textContent = `${runs.length} run${runs.length === 1 ? "" : "s"}${shown.length < runs.length ? `, ${shown.length} listed` : ""}, ${chosen().length} selected`;
  const now = shown.map(item), list = $("runs");
  if (now.length !== list.children.length || now.some((li, i) => list.children[i] !== li)) list.replaceChildren(...now);
  const one = $("one"), ids = chosen().map(r => r.id);
  if (!ids.includes(state.one)) state.one = ids[ids.length - 1] ?? null;
  if ([...one.options].map(o => o.value).join("\n") !== ids.join("\n")) one.replaceChildren(...ids.map(id => element("option", { value: id, textContent: id })));
  one.value = state.one ?? "";
}

async function refreshRuns() {
  const answer = await get("api/runs");
  runs = answer.runs;
  $("where").textContent = answer.folder;
  $("command").textContent = `gpugrad train config.yaml --out ${answer.folder}/first`;
  for (const id of [...state.selected]) if (!byId(id)) state.selected.delete(id);
  if (!state.selected.size && runs.length && !location.hash.includes("run=")) state.selected.add(runs[0].id);
  $("start").hidden = runs.length > 0;
  document.querySelector(".tools").hidden = runs.length === 0;
  $("views").hidden = runs.length === 0;
  list();
}

// ---- the curves

const sets = { train: "solid", validation: "dotted", test: "dashed" }, colours = { train: 0, test: 1, validation: 2, "each step": 7 };

// Metrics that share a chart: train_loss, validation_loss, test_loss and the loss of each step.
function groups(figures) {
  const found = new Map();
  for (const figure of figures) {
    if (figure === "epoch") continue;
    const match = /^(train|validation|test)_(.*)$/.exec(figure), name = match ? match[2] : figure;
    if (!found.has(name)) found.set(name, []);
    found.get(name).push({ figure, style: match ? sets[match[1]] : name === "loss" ? "faint" : "solid", set: match?.[1] ?? (name === "loss" ? "each step" : "") });
  }
  return found;
}

const first = ["loss", "accuracy", "rmse", "mean_iou", "perplexity", "gradient_norm", "lr"];
const titles = { lr: "Learning rate", gradient_norm: "Norm of all gradients", rmse: "RMSE" };
const title = name => titles[name] ?? (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");

async function fill(chart, all, from, to) {
  const shown = chosen(), epochs = all.filter(m => m.style !== "faint");
  // With several runs, the noise of single steps would hide the other curves.
  const members = shown.length > 8 && epochs.length ? epochs : all;
  const answer = await get(`api/series?${query(shown.map(r => r.key), members.map(m => `&name=${encodeURIComponent(m.figure)}`).join("") + (from === null || from === undefined ? "" : `&from=${Math.floor(from)}&to=${Math.ceil(to)}`))}`);
  const several = shown.length > 1;
  chart.set(answer.map(s => {
    const run = shown.find(r => r.key === s.run), member = members.find(m => m.figure === s.name);
    return { name: [several ? run.id : "", member.set].filter(t => t).join(", ") || chart.options.title, color: colour(several ? place(run) : colours[member.set] ?? 0), style: member.style, smooth: !several || member.style === "solid", x: s.x, y: s.y };
  }), state.smooth);
}

function curveChart(parent, name, members) {
  const chart = new Chart(parent, { title: title(name), log: name === "gradient_norm", onRange: (from, to) => fill(chart, members, from, to) });
  drawn.push({ chart, refresh: () => fill(chart, members, ...(chart.range ?? [null, null])), key: name + members.map(m => m.figure).join() });
  return fill(chart, members);
}

async function curves(view, turn) {
  const keys = chosen().map(r => r.key), figures = await get(`api/figures?${query(keys)}`), all = groups(figures);
  if (turn !== drawing) return;
  known = signature(figures);
  if (chosen().length === 1) await alarms(view);
  const main = element("div", { className: "charts" });
  view.append(main);
  if (!all.size) main.append(element("p", { textContent: "Nothing is logged yet." }));
  const waiting = first.filter(n => all.has(n)).map(n => curveChart(main, n, all.get(n)));
  const rest = [...all].filter(([n]) => !first.includes(n));
  if (rest.length) {
    const inner = element("div", { className: "charts" }), more = element("details", {}, element("summary", { textContent: `${rest.length} more figures` }), inner);
    more.open = !waiting.length;
    const open = () => { if (more.open && !inner.children.length) rest.forEach(([n, m]) => curveChart(inner, n, m)); };
    more.addEventListener("toggle", open);
    open();
    view.append(more);
  }
  await Promise.all(waiting);
}

async function alarms(view) {
  const run = await get(`api/run?${query([chosen()[0].key])}`);
  if (run.problem) view.append(element("p", { className: "bad", textContent: run.problem }));
  const found = run.alarms.filter(a => a.alarm);
  if (!found.length) return;
  view.append(element("ul", { className: "alarms", "aria-label": "Alarms" }, ...found.map(a => element("li", {}, element("b", { textContent: `${a.alarm} ${a.title ?? ""}` }), ` ${a.step > 0 ? `step ${a.step}` : "before the first step"}: ${a.finding ?? ""}. ${a.cause ?? ""} Try: ${a.remedy ?? ""}.`))));
}

// ---- layer by layer

const layerFigures = [
  ["gradient_rms", "Gradient RMS by layer", true, "Curves that are powers of ten apart mean that gradients vanish or explode on their way back."],
  ["update_ratio", "Update relative to the weights", true, "About 1e-3 is healthy; above 0.1 the updates are too large, below 1e-6 the layer barely learns."],
  ["dead_units", "Units that are 0 for a whole batch (share)", false, "A unit that is 0 for every sample is dead: it no longer gets a gradient."],
  ["saturated_units", "Saturated units for a whole batch (share)", false, "Where a sigmoid or tanh is flat it lets no gradient through."],
  ["dead_heads", "Dead heads (share)", false, "A head that outputs nothing and gets no gradient no longer changes."],
  ["deviation", "Deviation of a layer's outputs", true, "It should stay similar from layer to layer; steady growth or shrinkage means that signals explode or vanish."],
  ["zeros", "Zeros among a layer's outputs (share)", false, ""],
];

async function layers(view, turn) {
  const run = byId(state.one), get1 = figure => get(`api/layers?${query([run.key], `&figure=${figure}`)}`);
  const answers = await Promise.all(layerFigures.map(([figure]) => get1(figure)));
  if (turn !== drawing) return;
  const flow = { ...answers[0], layers: answers[0].layers.filter(l => l.name.endsWith(".weight")) };
  if (!answers.some(a => a.layers.length)) view.append(element("p", { textContent: "No figures by layer yet (diagnostics.every says how often they are measured)." }));
  heatMap(view, "Gradient flow", "Root mean square of each layer's gradient, from the first layer (top) to the last (bottom).", flow);
  const charts = element("div", { className: "charts" });
  view.append(charts);
  layerFigures.forEach(([figure, name, log, remark], f) => {
    const chart = new Chart(charts, { title: name, log, remark });
    const lines = answer => {
      const some = f < 2 ? answer.layers.filter(l => l.name.endsWith(".weight")) : answer.layers;
      chart.set(some.map((l, i) => ({ name: l.name.replace(/\.weight$/, ""), color: colour(i), style: "solid", smooth: true, x: answer.steps, y: l.values })), state.smooth);
    };
    lines(answers[f]);
    drawn.push({ chart, refresh: async () => lines(await get1(figure)), key: figure });
  });
  const spread = await histograms(view, { get, isOld: () => turn !== drawing, run: () => byId(run.id) });
  if (turn === drawing) drawn.push({ chart: spread, refresh: spread.refresh, key: "histograms" });
}

// ---- how it ended

async function results(view, turn) {
  const run = byId(state.one), about = await get(`api/run?${query([run.key])}`), summary = about.summary;
  if (turn !== drawing) return;
  if (!summary) {
    view.append(element("p", { textContent: "The run is still training; its results appear when it ends." }));
    return;
  }
  const cards = [["status", summary.status], ["device", summary.device], ["epochs", summary.epochs], ["best epoch", summary.best_epoch], ["steps", summary.steps], ["train loss", summary.train_loss], ["seconds", summary.wall_seconds], ["samples/s", summary.samples_per_second]];
  view.append(dl(cards));
  for (const [set, metrics] of Object.entries(summary.metrics ?? {})) {
    const plain = Object.entries(metrics).filter(([, v]) => typeof v === "number");
    view.append(element("h2", { textContent: `${title(set)} samples` }), dl(plain.map(([n, v]) => [n.replaceAll("_", " "), v])));
    if (Array.isArray(metrics.confusion) && set !== "train") {
      const names = metrics.per_class?.map((c, i) => String(c.class ?? c.name ?? i)) ?? metrics.confusion.map((_, i) => String(i));
      confusion(view, names, metrics.confusion);
    }
  }
  if (summary.metrics && Object.values(summary.metrics).some(m => m.per_class)) mistakes(view, run);
}

function dl(pairs) {
  const known = pairs.filter(([, v]) => v !== null && v !== undefined);
  return element("dl", { className: "cards" }, ...known.map(([n, v]) => element("div", {}, element("dt", { textContent: n }), element("dd", { textContent: typeof v === "number" ? format(v) : v, className: String(v).length > 20 ? "long" : "" }))));
}

function mistakes(view, run) {
  const button = element("button", { textContent: "Find the worst mistakes" }), inner = element("div", {});
  view.append(element("h2", { textContent: "Mistakes" }), element("p", { className: "soft", textContent: "Loads the run's data and network, and classifies its test samples again." }), button, inner);
  button.addEventListener("click", async () => {
    button.disabled = true;
    inner.replaceChildren(element("p", { textContent: "classifying …", role: "status" }));
    try {
      const found = await get(`api/mistakes?${query([run.key])}`);
      inner.replaceChildren(element("p", { textContent: `${found.wrong} of ${found.samples} ${found.set} samples are misclassified. Shown first: those with the highest confidence in the wrong class.` }), element("div", { className: "mistakes" }, ...found.mistakes.map(m => {
        const text = `${m.is}, predicted ${m.said} (${format(m.confidence)})`;
        return element("figure", {}, ...(m.picture ? [element("img", { src: m.picture, alt: `sample ${m.index}: ${text}` })] : [element("b", { textContent: `sample ${m.index}` })]), element("figcaption", { textContent: text }));
      })));
      button.remove();
    } catch (e) {
      inner.replaceChildren(element("p", { className: "bad", textContent: e.message }));
      button.disabled = false;
    }
  });
}

// ---- settings

async function config(view, turn) {
  const shown = chosen().slice(0, 40), configs = await get(`api/configs?${query(shown.map(r => r.key))}`);
  if (turn !== drawing) return;
  if (shown.length > 1) {
    const keys = [...new Set(shown.flatMap(r => Object.keys(configs[r.key])))].filter(k => new Set(shown.map(r => configs[r.key][k])).size > 1);
    view.append(element("h2", { textContent: keys.length ? "Differences" : "No differences" }), element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Settings that differ" }, element("table", {},
      element("thead", {}, element("tr", {}, element("th", { textContent: "setting", scope: "col" }), ...shown.map(r => element("th", { textContent: r.id, scope: "col" })))),
      element("tbody", {}, ...keys.map(k => element("tr", {}, element("th", { textContent: k, scope: "row" }), ...shown.map(r => element("td", { textContent: configs[r.key][k] ?? "" }))))))));
  }
  const about = await get(`api/run?${query([byId(state.one).key])}`);
  if (turn !== drawing) return;
  view.append(element("h2", { textContent: state.one }), element("pre", { textContent: about.config ?? "", tabIndex: 0 }));
  if (about.manifest) view.append(element("h2", { textContent: "Machine" }), dl(Object.entries(about.manifest).filter(([, v]) => typeof v !== "object").map(([n, v]) => [n.replaceAll("_", " "), String(v)])));
}

// ---- showing

const sweepView = (view, turn) => sweeps(view, {
  get,
  isOld: () => turn !== drawing,
  has: id => Boolean(byId(id)),
  open: ids => {
    state.selected = new Set(ids.filter(byId));
    state.one = ids[0];
    state.view = "curves";
    show();
  },
});

const views = { curves, layers, results, config, sweeps: sweepView };

async function show() {
  const turn = ++drawing, view = $("view");
  writeHash();
  list();
  for (const tab of $("tabs").children) {
    const on = tab.dataset.view === state.view;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    if (on) view.setAttribute("aria-labelledby", tab.id);
  }
  $("one").parentElement.hidden = state.view === "curves" || state.view === "sweeps" || chosen().length < 2;
  $("smoothlabel").hidden = ["results", "config", "sweeps"].includes(state.view);
  for (const { chart } of drawn) chart.remove();
  drawn = [];
  const page = element("div", {});
  view.replaceChildren(page);
  if (!chosen().length && state.view !== "sweeps") {
    page.append(element("p", { textContent: "Select a run, or several to compare them." }));
    return;
  }
  try {
    await views[state.view](page, turn);
  } catch (e) {
    if (turn === drawing) page.append(element("p", { className: "bad", textContent: e.message }));
  }
}

// Charts stay and get their new points; the view is rebuilt when a metric appears for the first time.
async function refresh(changed) {
  await refreshRuns();
  // A sweep changes when a trial ends, which is when sweep.json is written.
  if (state.view === "sweeps") return changed.some(id => !byId(id)) ? show() : undefined;
  if (!changed.includes("") && !chosen().some(r => changed.includes(r.id)) && drawn.length) return;
  if (state.view === "config") return;
  const now = state.view === "curves" && chosen().length ? signature(await get(`api/figures?${query(chosen().map(r => r.key))}`)) : known;
  if (state.view === "results" || !drawn.length || now !== known) return show();
  await Promise.all(drawn.map(d => d.refresh()));
}

// Changes that arrive while the page is drawn are drawn afterwards.
let pending = new Set(), busy = true;
async function work() {
  if (busy) return;
  busy = true;
  while (pending.size) {
    const changed = [...pending];
    pending = new Set();
    try {
      await refresh(changed);
    } catch {
      // The next change tries again.
    }
    await new Promise(r => setTimeout(r, 150));
  }
  busy = false;
}

/** Resolves when it listens, or has failed to. */
const listen = () => new Promise(resolve => {
  const events = new EventSource("api/events");
  let lost = false;
  events.onopen = () => {
    resolve();
    $("live").textContent = "live";
    $("live").classList.add("on");
    if (lost) {
      pending.add("");
      work();
    }
    lost = false;
  };
  events.onerror = () => {
    resolve();
    lost = true;
    $("live").textContent = "no connection; reconnecting";
    $("live").classList.remove("on");
  };
  events.onmessage = e => {
    for (const id of JSON.parse(e.data)) pending.add(id);
    work();
  };
});

$("tabs").addEventListener("click", e => {
  if (!e.target.dataset.view) return;
  state.view = e.target.dataset.view;
  show();
});
$("tabs").addEventListener("keydown", e => {
  const tabs = [...$("tabs").children], at = tabs.findIndex(t => t.dataset.view === state.view);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[e.key];
  if (to === undefined) return;
  const tab = tabs[(to + tabs.length) % tabs.length];
  state.view = tab.dataset.view;
  tab.focus();
  show();
  e.preventDefault();
});
$("filter").addEventListener("input", list);
$("all").addEventListener("click", () => {
  listed().forEach(r => state.selected.add(r.id));
  show();
});
$("none").addEventListener("click", () => {
  state.selected.clear();
  show();
});
$("one").addEventListener("change", e => {
  state.one = e.target.value;
  show();
});
$("smooth").addEventListener("input", e => {
  state.smooth = Number(e.target.value);
  for (const { chart } of drawn) chart.set(chart.series.map(s => ({ ...s })), state.smooth);
});
$("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (getComputedStyle(document.documentElement).colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.style.colorScheme = dark ? "light" : "dark";
  localStorage.setItem("gpugrad-theme", dark ? "light" : "dark");
  redraw();
});
document.documentElement.style.colorScheme = localStorage.getItem("gpugrad-theme") ?? "";
window.addEventListener("hashchange", () => {
  readHash();
  show();
});

readHash();
await listen();
await refreshRuns();
await show();
busy = false;
work();
performance.mark("ready");
document.body.dataset.ready = "yes";
