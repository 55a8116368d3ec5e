// The page of a served model: shows what openapi.json describes, and sends trial requests.
const byId = id => document.getElementById(id);

function element(tag, text, parent) {
  const made = document.createElement(tag);
  made.textContent = text;
  parent?.append(made);
  return made;
}

function row(parent, ...cells) {
  const tr = element("tr", "", parent);
  for (const cell of cells) element("td", cell, tr);
}

function show(answer, status) {
  const place = byId("answer");
  place.replaceChildren();
  if (answer.error) {
    element("p", `${status}: ${answer.error.message}`, place).className = "bad";
    return;
  }
  for (const note of answer.notes ?? []) element("p", note, place).className = "note";
  answer.predictions.slice(0, 100).forEach((prediction, i) => {
    const values = prediction.probabilities ?? prediction.values;
    const said = prediction.tags ? prediction.tags.map((tag, t) => `${prediction.tokens?.[t] ?? t + 1}/${tag}`).join(" ") : prediction.prediction ?? (prediction.mask ? `a map of ${prediction.mask.length} × ${prediction.mask[0].length}` : `${values.length} numbers`);
    const article = element("article", "", place);
    element("h3", `${answer.predictions.length > 1 ? `${i + 1}: ` : ""}${[].concat(said).join(", ")}`, article);
    if (!prediction.probabilities) return;
    const best = values.map((p, c) => [p, c]).sort((a, b) => b[0] - a[0]).slice(0, 5);
    const list = element("ul", "", article);
    list.className = "bars";
    for (const [p, c] of best) {
      const item = element("li", "", list);
      element("span", names[c] ?? `class ${c}`, item);
      const bar = element("meter", "", item);
      bar.max = 1;
      bar.value = p;
      element("span", p.toFixed(4), item);
    }
  });
}

async function predict(body, headers) {
  try {
    const response = await fetch("predict", { method: "POST", body, headers });
    show(await response.json(), response.status);
  } catch (e) {
    show({ error: { message: `no answer (${e.message})` } }, "failed");
  }
}

const names = {};
const api = await (await fetch("openapi.json")).json();
document.title = `${api.info.title}: a served model`;
byId("name").textContent = api.info.title;
byId("about").textContent = api.info.description;
for (const [path, methods] of Object.entries(api.paths))
  for (const [method, operation] of Object.entries(methods)) row(byId("operations"), `${method.toUpperCase()} ${path}`, operation.summary);
const content = api.paths["/predict"].post.requestBody.content;
const example = content["application/json"].example;
byId("body").value = JSON.stringify(example, null, 1);
const listed = /\((.*)\)/.exec(api.info.description)?.[1].split(", ") ?? [];
listed.forEach((name, c) => { if (name !== "…") names[c] = name; });
const properties = content["application/json"].schema.properties.inputs.items.properties;
if (properties) {
  byId("columnsection").hidden = false;
  for (const [name, column] of Object.entries(properties)) row(byId("columnlist"), name, column.type.join(" or "), (column.examples ?? []).join(", "));
}
byId("picture").hidden = !content["image/*"];
const auth = api.security ? " \\\n  -H 'Authorization: Bearer TOKEN'" : "";
byId("curl").textContent = `curl ${location.origin}/predict${auth} \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(example).slice(0, 300).replaceAll("'", "'\\''")}'`
  + (content["image/*"] ? `\n\ncurl ${location.origin}/predict${auth} \\\n  -H 'Content-Type: image/png' --data-binary @picture.png` : "");
byId("json").addEventListener("submit", e => {
  e.preventDefault();
  predict(byId("body").value, { "Content-Type": "application/json" });
});
byId("file").addEventListener("change", e => {
  const form = new FormData();
  for (const file of e.target.files) form.append("picture", file);
  if (e.target.files.length) predict(form);
});
