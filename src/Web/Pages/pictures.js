// Heat maps, histograms and the confusion matrix.
import { element, format } from "./chart.js";

// Dark blue, green, yellow (after matplotlib's viridis).
const shades = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

function shade(share) {
  const at = Math.min(Math.max(share, 0), 1) * (shades.length - 1), i = Math.min(Math.floor(at), shades.length - 2);
  return shades[i].map((c, k) => Math.round(c + (shades[i + 1][k] - c) * (at - i)));
}

/** Heat map: layers from top to bottom, time from left to right, colour on a log scale. */
export function heatMap(parent, title, remark, { steps, layers }) {
  if (!layers.length || steps.length < 2) return;
  const logs = layers.map(l => l.values.map(v => (v > 0 ? Math.log10(v) : null))), all = logs.flat().filter(v => v !== null);
  if (!all.length) return;
  const low = Math.min(...all), high = Math.max(...all), columns = steps.length, rows = layers.length;
  const small = new OffscreenCanvas(columns, rows), image = new ImageData(columns, rows);
  logs.forEach((row, r) => row.forEach((v, c) => image.data.set(v === null ? [128, 128, 128, 255] : [...shade(high > low ? (v - low) / (high - low) : 0.5), 255], (r * columns + c) * 4)));
  small.getContext("2d").putImageData(image, 0, 0);
  const height = Math.max(60, Math.min(420, rows * Math.max(10, Math.min(24, 320 / rows)))), canvas = element("canvas", { role: "img", tabIndex: 0 });
  const said = element("p", { className: "remark", role: "status" });
  canvas.setAttribute("aria-label", `${title}: ${rows} layers over steps ${steps[0]} to ${steps[columns - 1]}, from ${format(10 ** low)} to ${format(10 ** high)}. Arrow keys read values.`);
  const figure = element("figure", { className: "wide" }, element("figcaption", {}, element("span", { textContent: title })), element("div", { className: "plot" }, canvas), said);
  parent.append(figure);
  const summary = `${remark} Colours go from ${format(10 ** low)} (dark) to ${format(10 ** high)} (bright).`;
  said.textContent = summary;
  let cell = [0, 0];
  const ruler = small.getContext("2d");
  ruler.font = "12px system-ui, sans-serif";
  const names = layers.map(l => l.name.replace(/\.weight$/, "")), widest = Math.max(...names.map(n => ruler.measureText(n).width)) + 12;
  const left = () => Math.min(widest, canvas.clientWidth * 0.4);
  function draw() {
    const width = canvas.parentElement.clientWidth, ratio = window.devicePixelRatio || 1;
    if (!width) return;
    canvas.width = width * ratio;
    canvas.height = (height + 20) * ratio;
    canvas.style.height = `${height + 20}px`;
    const g = canvas.getContext("2d");
    g.scale(ratio, ratio);
    g.imageSmoothingEnabled = false;
    g.drawImage(small, left(), 0, width - left(), height);
    g.fillStyle = getComputedStyle(said).color;
    g.font = "12px system-ui, sans-serif";
    g.textBaseline = "middle";
    g.textAlign = "right";
    const every = Math.ceil(14 / (height / rows));
    names.forEach((_, r) => { if (r % every === 0) g.fillText(names[r], left() - 6, (r + 0.5) * height / rows, left() - 8); });
    g.textBaseline = "top";
    g.textAlign = "left";
    g.fillText(`step ${steps[0]}`, left(), height + 5);
    g.textAlign = "right";
    g.fillText(`${steps[columns - 1]}`, width, height + 5);
  }
  function say() {
    const [r, c] = cell;
    said.textContent = `${names[r]} at step ${steps[c]}: ${format(layers[r].values[c])}`;
  }
  canvas.addEventListener("pointermove", e => {
    cell = [Math.min(rows - 1, Math.max(0, Math.floor(e.offsetY / height * rows))), Math.min(columns - 1, Math.max(0, Math.floor((e.offsetX - left()) / (canvas.clientWidth - left()) * columns)))];
    say();
  });
  canvas.addEventListener("pointerleave", () => { said.textContent = summary; });
  canvas.addEventListener("keydown", e => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (!move) return;
    cell = [Math.min(rows - 1, Math.max(0, cell[0] + move[0])), Math.min(columns - 1, Math.max(0, cell[1] + move[1]))];
    say();
    e.preventDefault();
  });
  new ResizeObserver(draw).observe(canvas.parentElement);
}

const svg = (tag, attributes) => {
  const made = document.createElementNS("http" + "://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

/** A histogram on an axis from `from` to `to`. Returns a function that shows other counts on the same axis. */
export function histogram(parent, name, from, to) {
  const width = 240, height = 90, path = svg("path", { fill: "currentColor", opacity: 0.75 }), picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width: "100%" });
  const remark = element("p", { className: "remark" }), x = v => (to > from ? (v - from) / (to - from) * (width - 2) : width / 2 - 1);
  picture.append(path);
  parent.append(element("figure", {}, element("figcaption", {}, element("span", { textContent: name })), picture, remark));
  return ({ low, high, counts }, log, words) => {
    const size = log ? Math.log1p : n => n, most = Math.max(...counts), bar = Math.max(2, (x(high) - x(low)) / counts.length), wide = (bar > 4 ? bar - 0.6 : bar).toFixed(1);
    path.setAttribute("d", counts.map((n, i) => (n ? `M${(x(low) + i / counts.length * (x(high) - x(low))).toFixed(1)} ${height}v${(-size(n) / size(most) * height).toFixed(1)}h${wide}V${height}z` : "")).join(""));
    picture.setAttribute("aria-label", `${name}: from ${format(low)} to ${format(high)}, most often ${format(low + (counts.indexOf(most) + 0.5) / counts.length * (high - low))}`);
    remark.textContent = `${format(low)} to ${format(high)}${words ? ` · ${words}` : ""}`;
  };
}

/** Confusion matrix: samples by true class (row) and predicted class (column). */
export function confusion(parent, classes, counts) {
  const head = element("tr", {}, element("th", { textContent: "true \\ predicted", scope: "col" }), ...classes.map(c => element("th", { textContent: c, scope: "col" })));
  const body = counts.map((row, r) => {
    const all = row.reduce((a, b) => a + b, 0);
    return element("tr", {}, element("th", { textContent: classes[r], scope: "row" }), ...row.map((n, c) => {
      const td = element("td", { textContent: n || "", title: `${classes[r]} predicted as ${classes[c]}: ${n} of ${all}` });
      const share = all ? n / all : 0;
      if (share > 0) td.style.background = `color-mix(in srgb, var(${r === c ? "--good" : "--bad"}) ${Math.round(8 + 72 * Math.sqrt(share))}%, transparent)`;
      return td;
    }));
  });
  parent.append(element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Confusion matrix" }, element("table", { className: "confusion" }, element("thead", {}, head), element("tbody", {}, ...body))));
}
