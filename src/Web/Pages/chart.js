// A line chart on a canvas: hover, zoom by dragging or by keys, linear or logarithmic, light and dark.

const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });

/** A number as people read it. */
export function format(value) {
  if (value === null || Number.isNaN(value)) return "not finite";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(2).replace("e+", "e") : numbers.format(value);
}

export function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A colour by position in a list: eight distinct ones, then hues around the colour circle. */
export function colour(place) {
  return place < 8 ? `var(--c${place})` : `light-dark(hsl(${(place * 137.5) % 360} 60% 38%), hsl(${(place * 137.5) % 360} 65% 70%))`;
}

// A canvas does not resolve CSS variables or light-dark().
function resolved(text, probe) {
  probe.style.color = text;
  return getComputedStyle(probe).color;
}

function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 2.5, 5, 10].find(s => s * power >= raw * 0.999) * power, found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}

function logTicks(low, high) {
  const found = [], every = Math.max(1, Math.ceil((high - low) / 6));
  for (let at = Math.ceil(low - 1e-9); at <= high + 1e-9; at += every) found.push(at);
  return found.length > 2 ? found : ticks(10 ** low, 10 ** high, 5).filter(t => t > 0).map(Math.log10);
}

function smoothed(values, weight) {
  if (!weight) return values;
  let mean = 0, total = 0;
  return values.map(v => {
    if (v === null) return null;
    mean = weight * mean + (1 - weight) * v;
    total = weight * total + (1 - weight);
    return mean / total;
  });
}

function nearest(x, at) {
  let low = 0, high = x.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] < at) low = middle;
    else high = middle;
  }
  return Math.abs(x[low] - at) <= Math.abs(x[high] - at) ? low : high;
}

const charts = new Set();
const redraw = () => charts.forEach(c => c.draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

export class Chart {
  /**
   * @param parent where it goes
   * @param options title; log: whether it begins logarithmic; percent; remark; onRange(from, to): more detail is wanted
   */
  constructor(parent, options) {
    this.options = options;
    this.log = options.log ?? false;
    this.range = null;
    this.series = [];
    this.smoothing = 0;
    this.canvas = element("canvas", { tabIndex: 0, role: "img" });
    this.tip = element("div", { className: "tip", hidden: true, role: "status" });
    this.logButton = element("button", { textContent: "log", title: "Logarithmic axis" });
    this.logButton.setAttribute("aria-pressed", this.log);
    this.logButton.setAttribute("aria-label", `${options.title}: logarithmic axis`);
    this.reset = element("button", { textContent: "whole", title: "Undo the zoom", hidden: true });
    this.legend = element("div", { className: "legend" });
    this.figure = element("figure", {}, element("figcaption", {}, element("span", { textContent: options.title }), this.reset, this.logButton), element("div", { className: "plot" }, this.canvas, this.tip), this.legend);
    if (options.remark) this.figure.append(element("p", { className: "remark", textContent: options.remark }));
    this.probe = element("i", { hidden: true });
    this.figure.append(this.probe);
    parent.append(this.figure);
    this.logButton.addEventListener("click", () => {
      this.log = !this.log;
      this.logButton.setAttribute("aria-pressed", this.log);
      this.draw();
    });
    this.reset.addEventListener("click", () => this.zoom(null));
    this.listen();
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas.parentElement);
    charts.add(this);
  }

  remove() {
    charts.delete(this);
    this.sizes.disconnect();
    this.figure.remove();
  }

  /** @param series [{name, run, color, style: "solid" | "dashed" | "dotted" | "faint", x, y}] */
  set(series, smoothing = this.smoothing) {
    this.smoothing = smoothing;
    this.series = series.filter(s => s.x.length > 0).map(s => ({ ...s, shown: s.y }));
    for (const s of this.series) if (s.style === "faint" || s.smooth) s.shown = smoothed(s.y, smoothing);
    this.figure.hidden = this.series.length === 0;
    this.drawLegend();
    this.draw();
  }

  drawLegend() {
    const shown = this.series.length > 1 && this.series.length <= 16 ? this.series : [];
    this.legend.replaceChildren(...shown.map(s => {
      const key = element("span", { className: `key ${s.style}` });
      key.style.borderColor = s.color;
      return element("div", {}, key, s.name);
    }));
    const all = this.series.slice(0, 12).map(s => `${s.name} ends at ${format(s.y[s.y.length - 1])}`).join("; ");
    this.canvas.setAttribute("aria-label", `${this.options.title}. ${all}${this.series.length > 12 ? `; and ${this.series.length - 12} more lines` : ""}. Arrow keys read values, plus and minus zoom, Escape shows everything.`);
  }

  zoom(range) {
    this.range = range;
    this.reset.hidden = range === null;
    this.options.onRange?.(...(range ?? [null, null]));
    this.draw();
  }

  y(value) {
    return this.log ? (value > 0 ? Math.log10(value) : NaN) : value;
  }

  bounds() {
    let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
    for (const s of this.series) {
      x0 = Math.min(x0, s.x[0]);
      x1 = Math.max(x1, s.x[s.x.length - 1]);
    }
    if (this.range) [x0, x1] = this.range;
    const all = [];
    for (const s of this.series) {
      s.x.forEach((x, i) => {
        const y = s.shown[i] === null ? NaN : this.y(s.shown[i]);
        if (x >= x0 && x <= x1 && Number.isFinite(y)) all.push(y);
      });
    }
    // The first steps may be far above the rest: values far beyond the 98.5th percentile are cut off.
    all.sort((a, b) => a - b);
    if (all.length) {
      y0 = all[0];
      y1 = all[all.length - 1];
      const usual = all[Math.floor(all.length * 0.985)];
      if (all.length > 100 && y1 - y0 > 4 * (usual - y0) && usual > y0) y1 = usual + (usual - y0) * 0.3;
    }
    if (!(y1 > y0)) [y0, y1] = Number.isFinite(y0) ? [y0 - (Math.abs(y0) * 0.1 || 1), y0 + (Math.abs(y0) * 0.1 || 1)] : [0, 1];
    if (!(x1 > x0)) [x0, x1] = [x0 - 1, x0 + 1];
    const room = (y1 - y0) * 0.05;
    return { x0, x1, y0: !this.log && y0 >= 0 && y0 < room ? 0 : y0 - room, y1: y1 + room };
  }

  draw() {
    const width = this.canvas.parentElement.clientWidth, height = this.options.height ?? 220;
    if (!width || !this.series.length) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.height = `${height}px`;
    const g = this.canvas.getContext("2d");
    g.scale(ratio, ratio);
    const b = this.bounds(), left = 54, right = width - 8, top = 8, bottom = height - 22;
    this.scale = { ...b, left, right, top, bottom };
    const X = x => left + ((x - b.x0) / (b.x1 - b.x0)) * (right - left), Y = y => bottom - ((y - b.y0) / (b.y1 - b.y0)) * (bottom - top);
    this.drawAxes(g, b, X, Y);
    g.save();
    g.beginPath();
    // The clip is a little larger than the frame, so that points on its edge are drawn whole.
    g.rect(left - 3, top - 3, right - left + 6, bottom - top + 6);
    g.clip();
    for (const s of this.series) this.drawLine(g, s, X, Y);
    g.restore();
    if (this.cursor !== undefined) this.drawCursor(g, X, Y);
    if (this.drag) {
      g.fillStyle = resolved("color-mix(in srgb, var(--accent) 22%, transparent)", this.probe);
      g.fillRect(Math.min(...this.drag), top, Math.abs(this.drag[1] - this.drag[0]), bottom - top);
    }
  }

  drawAxes(g, b, X, Y) {
    const { left, right, bottom } = this.scale, line = resolved("var(--line)", this.probe), soft = resolved("var(--soft)", this.probe);
    g.font = "12px system-ui, sans-serif";
    g.textBaseline = "middle";
    g.textAlign = "right";
    g.lineWidth = 1;
    for (const t of this.log ? logTicks(b.y0, b.y1) : ticks(b.y0, b.y1, 5)) {
      g.strokeStyle = line;
      g.beginPath();
      g.moveTo(left, Math.round(Y(t)) + 0.5);
      g.lineTo(right, Math.round(Y(t)) + 0.5);
      g.stroke();
      g.fillStyle = soft;
      g.fillText(this.log ? format(Number((10 ** t).toPrecision(3))) : format(t), left - 6, Y(t));
    }
    g.textBaseline = "top";
    for (const t of ticks(b.x0, b.x1, Math.max(2, Math.floor((right - left) / 70)))) {
      g.textAlign = X(t) < right - 12 ? "center" : "right";
      g.fillText(numbers.format(t), Math.min(X(t), right) + (X(t) < right - 12 ? 0 : 4), bottom + 6);
    }
  }

  drawLine(g, s, X, Y) {
    g.strokeStyle = g.fillStyle = resolved(s.color, this.probe);
    g.globalAlpha = s.style === "faint" && !this.smoothing ? 0.45 : 1;
    g.lineWidth = s.style === "faint" && !this.smoothing ? 1 : this.series.length > 40 ? 1 : 1.8;
    g.setLineDash(s.style === "dashed" ? [7, 4] : s.style === "dotted" ? [2, 4] : []);
    g.beginPath();
    let open = false;
    s.x.forEach((x, i) => {
      const y = s.shown[i] === null ? NaN : this.y(s.shown[i]);
      if (!Number.isFinite(y)) {
        open = false;
        return;
      }
      if (open) g.lineTo(X(x), Y(y));
      else g.moveTo(X(x), Y(y));
      open = true;
    });
    g.stroke();
    g.setLineDash([]);
    // Lines with few points get markers.
    if (s.x.length <= 24 && s.style !== "faint" && this.series.length <= 24) {
      s.x.forEach((x, i) => {
        const y = s.shown[i] === null ? NaN : this.y(s.shown[i]);
        if (!Number.isFinite(y)) return;
        g.beginPath();
        g.arc(X(x), Y(y), 2.4, 0, 7);
        g.fill();
      });
    }
    g.globalAlpha = 1;
  }

  drawCursor(g, X, Y) {
    const at = X(this.cursor);
    g.strokeStyle = resolved("var(--soft)", this.probe);
    g.beginPath();
    g.moveTo(Math.round(at) + 0.5, this.scale.top);
    g.lineTo(Math.round(at) + 0.5, this.scale.bottom);
    g.stroke();
    for (const { series, i } of this.under) {
      g.fillStyle = resolved(series.color, this.probe);
      g.beginPath();
      g.arc(X(series.x[i]), Y(this.y(series.shown[i])), 3.5, 0, 7);
      g.fill();
    }
  }

  // The values at a step: with many lines, those nearest to the pointer.
  point(step, pointer) {
    const { y0, y1, top, bottom } = this.scale, place = y => bottom - ((y - y0) / (y1 - y0)) * (bottom - top);
    let found = this.series.map(series => ({ series, i: nearest(series.x, step) })).filter(f => f.series.shown[f.i] !== null && Number.isFinite(this.y(f.series.shown[f.i])));
    if (!found.length) return this.leave();
    const main = found.reduce((a, b) => (Math.abs(a.series.x[a.i] - step) <= Math.abs(b.series.x[b.i] - step) ? a : b));
    this.cursor = main.series.x[main.i];
    if (pointer !== undefined) found.sort((a, b) => Math.abs(place(this.y(a.series.shown[a.i])) - pointer) - Math.abs(place(this.y(b.series.shown[b.i])) - pointer));
    this.under = found = found.slice(0, 8);
    this.tip.replaceChildren(element("div", { textContent: `step ${numbers.format(this.cursor)}` }), ...found.map(f => {
      const key = element("span", { className: `key ${f.series.style}` });
      key.style.borderColor = f.series.color;
      return element("div", {}, key, element("span", { className: "name", textContent: f.series.name }), element("b", { textContent: format(f.series.shown[f.i]) }));
    }));
    this.tip.hidden = false;
    this.draw();
    const x = this.scale.left + ((this.cursor - this.scale.x0) / (this.scale.x1 - this.scale.x0)) * (this.scale.right - this.scale.left), width = this.tip.offsetWidth;
    this.tip.style.left = `${x + 14 + width < this.scale.right ? x + 14 : Math.max(0, x - 14 - width)}px`;
    this.tip.style.top = "10px";
  }

  leave() {
    this.cursor = undefined;
    this.tip.hidden = true;
    this.draw();
  }

  step(px) {
    const { x0, x1, left, right } = this.scale;
    return x0 + ((px - left) / (right - left)) * (x1 - x0);
  }

  listen() {
    const c = this.canvas;
    c.addEventListener("pointerdown", e => {
      c.setPointerCapture(e.pointerId);
      this.drag = [e.offsetX, e.offsetX];
    });
    c.addEventListener("pointermove", e => {
      if (!this.scale) return;
      if (this.drag) this.drag[1] = Math.min(Math.max(e.offsetX, this.scale.left), this.scale.right);
      this.point(this.step(e.offsetX), e.offsetY);
    });
    c.addEventListener("pointerup", () => {
      const drag = this.drag;
      this.drag = null;
      if (drag && Math.abs(drag[1] - drag[0]) > 6) this.zoom([this.step(Math.min(...drag)), this.step(Math.max(...drag))]);
    });
    c.addEventListener("pointercancel", () => { this.drag = null; });
    c.addEventListener("pointerleave", () => this.leave());
    c.addEventListener("blur", () => this.leave());
    c.addEventListener("dblclick", () => this.zoom(null));
    c.addEventListener("keydown", e => {
      if (!this.scale) return;
      const { x0, x1 } = this.scale, at = this.cursor ?? x1, span = x1 - x0;
      const keys = {
        ArrowLeft: () => this.point(Math.max(x0, at - span / 40)),
        ArrowRight: () => this.point(Math.min(x1, at + span / 40)),
        Home: () => this.point(x0),
        End: () => this.point(x1),
        "+": () => this.zoom([Math.max(x0, at - span / 4), Math.min(x1, at + span / 4)]),
        "-": () => this.zoom([at - span, at + span]),
        Escape: () => this.zoom(null),
      };
      if (!keys[e.key]) return;
      keys[e.key]();
      e.preventDefault();
    });
  }
}

export { redraw };
