// Histograms of weights, gradients and activations, epoch by epoch.
import { element } from "./chart.js";
import { histogram } from "./pictures.js";

// Gradients and ReLU outputs crowd at 0: counts are drawn on a log scale, so that the rest is visible.
const logarithmic = { weights: false, gradients: true, activations: true };
let kind = "weights";

const within = (steps, wanted) => steps.filter(s => s.step <= wanted).at(-1) ?? steps[0];

/** The weights of a run that logs no histograms: those in its file. */
async function fromFile(charts, note, board, isOld) {
  note.textContent = "log: tensorboard in the config adds gradients, activations and the histograms of each epoch.";
  try {
    const weights = await board.get(`api/weights?run=${board.run().key}`);
    if (!isOld()) for (const h of weights) histogram(charts, h.name, h.low, h.high)(h, false, h.shape);
  } catch {
    note.textContent = `Weights are shown once the run has ended. ${note.textContent}`;
  }
}

/** The histograms below the layers. `board` requests data and knows the run. Returns an object that redraws them when the run has logged more. */
export async function histograms(parent, board) {
  const buttons = Object.keys(logarithmic).map(k => element("button", { textContent: k }));
  const slider = element("input", { type: "range", min: 0, step: 1 }), after = element("output", {}), log = element("input", { type: "checkbox" });
  const tools = element("div", { className: "row", hidden: true }, element("span", { className: "row", role: "group", "aria-label": "Histograms of" }, ...buttons), element("label", {}, "after step ", slider, after), element("label", {}, log, "logarithmic counts"));
  const charts = element("div", { className: "charts small" }), note = element("p", { className: "soft" });
  parent.append(element("h2", { textContent: "Histograms" }), tools, note, charts);
  let pictures = [], steps = [], newest = true, seen = "", turn = 0;

  function draw() {
    const step = steps[Number(slider.value)];
    after.textContent = `${step}, ${Number(slider.value) + 1} of ${steps.length}`;
    for (const { tag, show } of pictures) show(within(tag.steps, step), log.checked);
  }

  async function load() {
    const mine = ++turn, isOld = () => board.isOld() || mine !== turn;
    const run = board.run(), tags = await board.get(`api/histograms?run=${run.key}&kind=${kind}`);
    if (isOld()) return;
    seen = `${run.epoch} ${run.status}`;
    charts.replaceChildren();
    buttons.forEach(b => b.setAttribute("aria-pressed", b.textContent === kind));
    tools.hidden = !tags.length && kind === "weights";
    if (tools.hidden) return fromFile(charts, note, board, isOld);
    note.textContent = tags.length ? "All steps of a tensor share one axis." : `This run logged no ${kind}.`;
    const place = steps[Number(slider.value)];
    steps = [...new Set(tags.flatMap(t => t.steps.map(s => s.step)))].sort((a, b) => a - b);
    slider.max = Math.max(0, steps.length - 1);
    slider.value = newest || !steps.includes(place) ? slider.max : steps.indexOf(place);
    log.checked = logarithmic[kind];
    pictures = tags.map(tag => ({ tag, show: histogram(charts, tag.name, Math.min(...tag.steps.map(s => s.low)), Math.max(...tag.steps.map(s => s.high))) }));
    if (tags.length) draw();
  }

  buttons.forEach(b => b.addEventListener("click", () => {
    kind = b.textContent;
    load();
  }));
  slider.addEventListener("input", () => {
    newest = slider.value === slider.max;
    draw();
  });
  log.addEventListener("change", () => {
    logarithmic[kind] = log.checked;
    draw();
  });
  await load();
  return { remove() {}, set() {}, series: [], refresh: async () => { if (seen !== `${board.run().epoch} ${board.run().status}`) await load(); } };
}
