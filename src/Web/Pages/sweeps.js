// Sweeps: settings and result of each trial as parallel coordinates and as a table, and the importance of each setting.
import { element, format } from "./chart.js";

const svg = (tag, attributes, ...children) => {
  const made = document.createElementNS("http" + "://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

const said = value => (typeof value === "number" ? format(value) : value === undefined || value === null ? "" : String(value));
const order = { column: "rank", down: false };
let shown = null;

/** The shortest ending of each key that no other key has. */
function shortNames(keys) {
  return new Map(keys.map(key => {
    const words = key.split(".");
    for (let n = 1; n < words.length; n++) {
      const name = words.slice(-n).join(".");
      if (!/^\d/.test(name) && keys.filter(k => k === name || k.endsWith(`.${name}`)).length === 1) return [key, name];
    }
    return [key, key];
  }));
}

/** The keys of all trials in the order of the space: one that only some trials set follows the key before it. */
function keysOf(trials) {
  const keys = [];
  for (const trial of trials)
    Object.keys(trial.settings ?? {}).forEach((key, i, own) => {
      if (!keys.includes(key)) keys.splice(i ? keys.indexOf(own[i - 1]) + 1 : 0, 0, key);
    });
  return keys;
}

/** Trials with a result, the best first; those that halving stopped come last. */
export function ranked(sweep) {
  const sign = sweep.higher_is_better ? -1 : 1, farthest = t => (t.status === "stopped" ? 1 : 0);
  return sweep.trials.filter(t => typeof t.value === "number").sort((a, b) => farthest(a) - farthest(b) || sign * (a.value - b.value) || a.trial - b.trial);
}

function axisOf(name, values) {
  const numbers = values.filter(v => typeof v === "number"), words = [...new Set(values.filter(v => v !== undefined && v !== null).map(String))];
  if (!numbers.length || numbers.length < values.filter(v => v !== undefined && v !== null).length)
    return { name, ticks: words.map((w, i) => [(i + 0.5) / words.length, w]), at: v => (v === undefined || v === null ? null : (words.indexOf(String(v)) + 0.5) / words.length) };
  const low = Math.min(...numbers), high = Math.max(...numbers), log = low > 0 && high / low >= 30, f = log ? Math.log : x => x, span = f(high) - f(low);
  const at = v => (typeof v !== "number" ? null : span ? (f(v) - f(low)) / span : 0.5), back = s => (log ? Math.exp(f(low) + s * span) : low + s * span);
  return { name, at, ticks: span ? [0, 0.25, 0.5, 0.75, 1].map(s => [s, format(Number(back(s).toPrecision(3)))]) : [[0.5, format(low)]] };
}

function coordinates(parent, sweep, keys, names, best, pick) {
  const left = 70, right = 90, top = 14, bottom = 48, height = 338, step = 150;
  const axes = [...keys.map(k => axisOf(names.get(k), best.map(t => t.settings?.[k]))), axisOf(sweep.monitor, best.map(t => t.value))];
  const placeOf = (trial, key) => axes[keys.indexOf(key)].at(trial.settings?.[key]);
  const width = left + right + step * (axes.length - 1), x = i => left + i * step, y = share => (share === null ? height - bottom + 18 : height - bottom - share * (height - bottom - top));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${best.length} trials as lines from their settings to ${sweep.monitor}; the table below has the same numbers` });
  const note = element("p", { className: "remark", role: "status" }), rest = `The best trial is the thick line, the worst are the faintest.${best.some(t => keys.some(k => placeOf(t, k) === null)) ? " Below an axis, at –, a trial does not set it." : ""} Point at a line to read it, click to see its curves.`;
  note.textContent = rest;
  [...best].reverse().forEach((trial, i) => {
    const rank = best.length - 1 - i, share = best.length > 1 ? 1 - rank / (best.length - 1) : 1;
    const points = axes.map((a, n) => `${x(n)},${y(n < keys.length ? placeOf(trial, keys[n]) : a.at(trial.value))}`).join(" ");
    const line = svg("polyline", { points, class: rank === 0 ? "trial best" : "trial" });
    line.style.opacity = rank === 0 ? 1 : 0.15 + 0.6 * share;
    line.addEventListener("pointerenter", () => { note.textContent = `trial ${trial.trial}: ${keys.filter(k => trial.settings?.[k] !== undefined).map(k => `${names.get(k)} ${said(trial.settings[k])}`).join(", ")}: ${sweep.monitor} ${said(trial.value)}`; });
    line.addEventListener("pointerleave", () => { note.textContent = rest; });
    line.addEventListener("click", () => pick(trial));
    picture.append(line);
  });
  axes.forEach((axis, i) => {
    picture.append(svg("line", { x1: x(i), x2: x(i), y1: top, y2: height - bottom, class: "axis" }));
    for (const [share, text] of axis.ticks) picture.append(svg("text", { x: x(i) - 6, y: y(share) + 4, "text-anchor": "end", class: "tick" }, text.length > 12 ? `${text.slice(0, 11)}…` : text));
    if (i < keys.length && best.some(t => placeOf(t, keys[i]) === null)) picture.append(svg("text", { x: x(i) - 6, y: y(null) + 4, "text-anchor": "end", class: "tick" }, "–"));
    picture.append(svg("text", { x: x(i), y: height - 10, "text-anchor": "middle", class: "axisname" }, axis.name));
  });
  parent.append(element("figure", { className: "wide" }, element("figcaption", {}, element("span", { textContent: "Trials" })), element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Parallel coordinates" }, picture), note));
}

function importance(parent, sweep, names) {
  const shares = Object.entries(sweep.importance ?? {}).filter(([, share]) => typeof share === "number").sort((a, b) => b[1] - a[1]);
  if (!shares.length) return;
  parent.append(element("h2", { textContent: "What mattered" }), element("p", { className: "soft", textContent: "The share of the trials' ranking that a setting explains by itself; chance alone gives a few per cent." }),
    element("ul", { className: "bars", id: "importance" }, ...shares.map(([key, share]) => element("li", {}, element("span", { textContent: names.get(key) ?? key, title: key }), element("meter", { max: 1, value: share, "aria-label": `${key}: ${Math.round(share * 100)} %` }), element("span", { textContent: `${Math.round(share * 100)} %` })))));
}

function table(parent, sweep, keys, names, best, link) {
  const place = new Map(best.map((t, i) => [t, i + 1]));
  const columns = [["rank", t => place.get(t)], ["trial", t => t.trial], [sweep.monitor, t => t.value], ["epochs", t => t.epochs], ["status", t => t.status], ...keys.map(k => [names.get(k), t => t.settings?.[k]])];
  const head = element("tr", {}), body = element("tbody", {});
  function fill() {
    const of = (columns.find(([n]) => n === order.column) ?? columns[0])[1], missing = v => v === undefined || v === null;
    const rows = [...sweep.trials].sort((a, b) => {
      const [p, q] = [of(a), of(b)];
      if (missing(p) || missing(q)) return missing(p) - missing(q);
      const by = typeof p === "number" && typeof q === "number" ? p - q : String(p) < String(q) ? -1 : String(p) > String(q) ? 1 : 0;
      return order.down ? -by : by;
    });
    body.replaceChildren(...rows.map(t => element("tr", {}, ...columns.map(([name, value]) => (name === "trial" ? element("td", {}, link(t)) : element("td", { textContent: name === "status" && t.error ? `${t.status}: ${t.error}` : said(value(t)), className: typeof value(t) === "number" ? "number" : "" }))))));
    for (const th of head.children) th.setAttribute("aria-sort", th.textContent === order.column ? (order.down ? "descending" : "ascending") : "none");
  }
  for (const [name] of columns) {
    const button = element("button", { textContent: name, title: `Sort by ${name}` });
    button.addEventListener("click", () => {
      order.down = order.column === name && !order.down;
      order.column = name;
      fill();
    });
    head.append(element("th", { scope: "col" }, button));
  }
  fill();
  parent.append(element("h2", { textContent: "All trials" }), element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Trials" }, element("table", { className: "sorted" }, element("thead", {}, head), body)));
}

/** The view. `board` requests data and opens runs. */
export async function sweeps(view, board) {
  const all = await board.get("api/sweeps");
  if (board.isOld()) return;
  if (!all.length) {
    view.append(element("p", { textContent: "There is no sweep in this folder. A sweep tries many settings of a config and compares them:" }), element("pre", { textContent: "gpugrad sweep SWEEP.yaml --out runs/sweep", tabIndex: 0 }));
    return;
  }
  const chosen = all.find(s => s.key === shown) ?? all[0], sweep = await board.get(`api/sweep?sweep=${chosen.key}`);
  if (board.isOld()) return;
  if (all.length > 1) {
    const select = element("select", { id: "sweep" }, ...all.map(s => element("option", { value: s.key, textContent: s.id || "this folder", selected: s === chosen })));
    select.addEventListener("change", () => {
      shown = Number(select.value);
      view.replaceChildren();
      sweeps(view, board);
    });
    view.append(element("p", {}, element("label", {}, "sweep ", select)));
  }
  if (!Array.isArray(sweep.trials)) throw new Error("sweep.json has no trials");
  const run = t => (chosen.id ? `${chosen.id}/${t.run}` : t.run), best = ranked(sweep), keys = keysOf(sweep.trials), names = shortNames(keys);
  const pick = t => { if (board.has(run(t))) board.open([run(t)]); };
  const compare = element("button", { textContent: "Curves of the best ten", disabled: !best.some(t => board.has(run(t))) });
  compare.addEventListener("click", () => board.open(best.slice(0, 10).map(run).filter(board.has)));
  view.append(element("p", {}, `${sweep.trials.length} trials of ${sweep.base} (${sweep.search} search, ${sweep.status}), ${sweep.epochs} epochs in all. `, best.length ? `Best: trial ${best[0].trial} with ${sweep.monitor} ${said(best[0].value)}. ` : "No trial has ended yet. ", compare));
  if (best.length && keys.length) coordinates(view, sweep, keys, names, best, pick);
  importance(view, sweep, names);
  table(view, sweep, keys, names, best, t => {
    const button = element("button", { textContent: said(t.trial), title: `Curves of ${run(t)}`, disabled: !board.has(run(t)) });
    button.addEventListener("click", () => pick(t));
    return button;
  });
}
