// Shows /openapi.json and lets one try its operations. No library, nothing from outside.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const MAX_DEPTH = 6;
let spec;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && name !== "list") made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function resolve(node) {
  while (node && node.$ref) node = node.$ref.slice(2).split("/").reduce((found, part) => found[part], spec);
  return node || {};
}

function typeOf(schema) {
  const plain = resolve(schema);
  if (plain.type === "array") return `[${typeOf(plain.items)}]`;
  if (plain.enum) return plain.enum.filter((value) => value !== null).join(" | ");
  return (plain.format || plain.type || "any") + (plain.nullable ? " | null" : "");
}

// A text in the shape of the schema: what to send, or what to expect.
function shape(schema, depth = 0) {
  const plain = resolve(schema.allOf ? schema.allOf[0] : schema);
  if (depth > MAX_DEPTH) return "...";
  if (plain.type === "array") return [shape(plain.items || {}, depth + 1)];
  if (plain.properties) {
    return Object.fromEntries(Object.entries(plain.properties).map(([name, inner]) => [name, shape(inner, depth + 1)]));
  }
  if (plain.type === "object") return {};
  return typeOf(plain);
}

function example(schema) {
  const plain = resolve(schema);
  const required = new Set(plain.required || []);
  return Object.fromEntries(Object.entries(plain.properties || {}).filter(([name]) => required.has(name)).map(([name, inner]) => {
    const type = resolve(inner).type;
    return [name, { integer: 1, number: 1, boolean: true, object: {}, array: [] }[type] ?? ""];
  }));
}

function parametersTable(parameters, inputs) {
  const table = element("table", {}, element("tr", {}, ...["name", "in", "type", "value"].map((text) => element("th", { textContent: text }))));
  for (const parameter of parameters) {
    const input = element("input", { placeholder: parameter.required ? "required" : "" });
    inputs.push([parameter, input]);
    table.append(element("tr", {},
      element("td", {}, element("code", { textContent: parameter.name }), element("div", { textContent: parameter.description || "" })),
      element("td", { textContent: parameter.in }), element("td", { textContent: typeOf(parameter.schema || {}) }), element("td", {}, input)));
  }
  return table;
}

function bodyInput(operation) {
  const content = resolve(operation.requestBody).content;
  if (!content) return null;
  const [type, media] = Object.entries(content)[0];
  if (type === "multipart/form-data") {
    const files = element("input", { type: "file", multiple: true });
    return { type, nodes: [element("p", {}, "files ", files)], read: () => {
      const form = new FormData();
      for (const file of files.files) form.append("files", file);
      return form;
    } };
  }
  const text = type === "application/json" ? JSON.stringify(example(media.schema || {}), null, 2) : "";
  const area = element("textarea", { value: text, spellcheck: false });
  return { type, nodes: [element("p", { textContent: `Body (${type})` }), area, details("Schema of the body", shape(media.schema || {}))], read: () => area.value };
}

function details(title, value) {
  return element("details", {}, element("summary", { textContent: title }), element("pre", { textContent: JSON.stringify(value, null, 2) }));
}

function responses(operation) {
  const shown = element("div");
  for (const [status, response] of Object.entries(operation.responses || {})) {
    const plain = resolve(response);
    const media = Object.values(plain.content || {})[0];
    const title = `${status} ${plain.description || ""}`;
    shown.append(media && media.schema ? details(title, shape(media.schema)) : element("p", { textContent: title }));
  }
  return shown;
}

async function send(path, method, inputs, body, status, output) {
  const query = new URLSearchParams();
  const headers = {};
  for (const [parameter, input] of inputs) {
    if (!input.value) continue;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query") query.append(parameter.name, input.value);
    else headers[parameter.name] = input.value;
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: method.toUpperCase(), headers };
  if (body) {
    options.body = body.read();
    if (body.type !== "multipart/form-data") headers["Content-Type"] = body.type;
  }
  status.textContent = "...";
  try {
    const response = await fetch(path + (query.size ? `?${query}` : ""), options);
    const text = await response.text();
    status.textContent = `${response.status} ${response.statusText}`;
    try { output.textContent = JSON.stringify(JSON.parse(text), null, 2); } catch { output.textContent = text; }
  } catch (error) {
    status.textContent = `no answer: ${error.message}`;
  }
}

function operationView(path, method, item, operation) {
  const inputs = [];
  const parameters = [...(item.parameters || []), ...(operation.parameters || [])].map(resolve);
  const body = bodyInput(operation);
  const status = element("span", { className: "status" });
  const output = element("pre", { hidden: true });
  const button = element("button", { textContent: "Send" });
  button.addEventListener("click", () => { output.hidden = false; send(path, method, inputs, body, status, output); });
  const view = element("details", { className: "operation" },
    element("summary", {}, element("span", { className: `method ${method}`, textContent: method.toUpperCase() }),
      element("code", { textContent: path }), ` ${operation.summary || ""}`,
      element("span", { className: "roles", textContent: (operation["x-roles"] || []).join(", ") })),
    element("p", { textContent: operation.description || "" }));
  if (parameters.length) view.append(parametersTable(parameters, inputs));
  if (body) view.append(...body.nodes);
  view.append(button, status, output, element("h4", { textContent: "Answers" }), responses(operation));
  view.dataset.text = `${method} ${path} ${operation.summary || ""}`.toLowerCase();
  return view;
}

function show() {
  document.getElementById("title").textContent = `${spec.info.title} ${spec.info.version}`;
  document.getElementById("description").textContent = spec.info.description || "";
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const tag of spec.tags || []) {
    const section = element("section", {}, element("h2", { textContent: tag.name }), element("p", { textContent: tag.description || "" }));
    for (const [path, item] of Object.entries(spec.paths)) {
      for (const method of METHODS) {
        if (item[method] && (item[method].tags || []).includes(tag.name)) section.append(operationView(path, method, item, item[method]));
      }
    }
    main.append(section);
  }
}

document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const view of document.querySelectorAll("details.operation")) view.hidden = !view.dataset.text.includes(wanted);
});

fetch("/openapi.json").then((response) => response.json()).then((document_) => { spec = document_; show(); })
  .catch((error) => { document.getElementById("operations").textContent = `Cannot load /openapi.json: ${error.message}`; });
