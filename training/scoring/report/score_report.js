"use strict";
// Texts of photos and models are strangers' words: they enter the page as text nodes only.
const report = JSON.parse(document.getElementById("report").textContent);
const chunks = [...document.querySelectorAll("script.thumbnails")];
const PAGE = 48, GAMMA = 1e-6, SVG = "http://www.w3.org/2000/svg";
const state = { page: 0, found: [], picked: [] };
const opened = new Map();
const at = id => document.getElementById(id);
const words = name => name.replaceAll("_", " ");
const two = value => value.toFixed(2);
const signed = value => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(2);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child != null));
  return node;
}

function draw(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// A chunk of thumbnails is parsed when a photo of it is first shown.
function thumbnail(photo) {
  if (photo.thumbnail == null) return null;
  const [chunk, place] = photo.thumbnail;
  if (!opened.has(chunk)) opened.set(chunk, JSON.parse(chunks[chunk].textContent));
  return "data:image/jpeg;base64," + opened.get(chunk)[place];
}

function picture(photo) {
  const source = thumbnail(photo);
  return source
    ? make("img", { src: source, alt: photo.name, loading: "lazy", decoding: "async" })
    : make("span", { class: "missing" }, "no picture");
}

function radar(shapes, labelled) {
  const names = report.attributes, size = labelled ? 300 : 120, middle = size / 2;
  const radius = labelled ? 92 : 56;
  const point = (index, value) => {
    const angle = 2 * Math.PI * index / names.length - Math.PI / 2, far = radius * (value + 1) / 2;
    return [middle + far * Math.cos(angle), middle + far * Math.sin(angle)];
  };
  const outline = value => names.map((_, i) => point(i, value).map(v => v.toFixed(1)).join()).join(" ");
  const said = shapes.map(shape => names.map((n, i) => `${words(n)} ${signed(shape[i])}`).join(", "));
  const svg = draw("svg", { class: "radar", viewBox: labelled ? "0 24 300 252" : `0 0 ${size} ${size}`, role: "img", "aria-label": said.join("; ") });
  for (const value of [-0.5, 0, 0.5, 1])
    svg.append(draw("polygon", { class: value === 0 ? "ring zero" : "ring", points: outline(value) }));
  names.forEach((name, i) => {
    const [x, y] = point(i, 1);
    svg.append(draw("line", { class: "spoke", x1: middle, y1: middle, x2: x, y2: y }));
    if (!labelled) return;
    const [tx, ty] = point(i, 1.22), side = Math.abs(tx - middle) < 8 ? "middle" : tx < middle ? "end" : "start";
    const label = draw("text", { x: tx, y: ty + 4, "text-anchor": side });
    label.textContent = words(name);
    svg.append(label);
  });
  shapes.forEach((shape, i) => svg.append(draw("polygon", {
    class: i ? "shape second" : "shape",
    points: names.map((_, k) => point(k, shape[k]).map(v => v.toFixed(1)).join()).join(" "),
  })));
  return svg;
}

function totalBar(photo) {
  const share = value => `${(100 * Math.min(1, Math.max(0, value))).toFixed(1)}%`;
  const spread = photo.spread;
  const inner = [make("i", { style: { "--share": share(photo.total) } })];
  if (spread != null) {
    const from = Math.max(0, photo.total - spread), to = Math.min(1, photo.total + spread);
    inner.push(make("u", { style: { "--from": share(from), "--wide": share(to - from) } }));
  }
  return make("div", { class: "total" },
    make("b", {}, two(photo.total), spread == null ? null : make("small", {}, ` ± ${two(spread)}`)),
    make("div", { class: "track", role: "img", "aria-label": `total ${two(photo.total)} of 1` }, ...inner));
}

function attributeList(photo) {
  const list = make("dl", { class: "list" });
  report.attributes.forEach((name, i) => {
    const value = photo.attributes[i];
    const from = value < 0 ? 50 + 50 * value : 50;
    list.append(make("dt", { title: words(name) }, words(name)),
      make("div", { class: "signed" }, make("i", {
        class: value < 0 ? "below" : "", style: { "--from": `${from}%`, "--wide": `${50 * Math.abs(value)}%` } })),
      make("dd", {}, signed(value)));
  });
  return list;
}

function attributes(photo, labelled = false) {
  const wide = report.attributes.length >= 3;
  return make("div", { class: wide && !labelled ? "attributes" : "attributes plain" },
    wide ? radar([photo.attributes], labelled) : null, attributeList(photo));
}

const failure = photo => make("p", { class: "failure" }, `No answer: ${words(photo.reason)}`);

function card(photo) {
  const picked = state.picked.includes(photo);
  const answered = photo.total != null;
  return make("article", { class: picked ? "card picked" : "card" },
    make("button", { type: "button", class: "photo", "aria-label": `Open ${photo.name}`, onclick: () => show([photo]) },
      picture(photo), make("span", { class: "rank" }, answered ? `#${photo.rank}` : "–")),
    make("div", { class: "body" },
      make("div", { class: "row" },
        make("span", { class: "name", title: photo.name }, photo.short),
        answered ? make("button", { type: "button", class: "pick", "aria-pressed": String(picked), onclick: () => pick(photo) },
          picked ? "✓ chosen" : "compare") : null),
      answered ? totalBar(photo) : failure(photo),
      answered && report.attributes.length ? attributes(photo) : null,
      make("p", { class: "words" }, photo.words || photo.raw || "")));
}

function heading(photo, key) {
  return make("div", {}, make("h2", {}, key, photo.short),
    photo.name === photo.short ? null : make("p", { class: "muted name" }, photo.name));
}

function side(photo, second) {
  return make("section", { class: second ? "side second" : "side" },
    make("div", { class: "photo" }, picture(photo), make("span", { class: "rank" }, `#${photo.rank}`)),
    heading(photo, make("span", { class: second ? "key second" : "key" })),
    totalBar(photo), make("p", { class: "words" }, photo.words));
}

// Abramowitz and Stegun 7.1.26, error below 2e-7: enough for two digits of a percentage.
function phi(z) {
  const x = Math.abs(z) / Math.SQRT2, t = 1 / (1 + 0.3275911 * x);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x) / 2;
  return z < 0 ? tail : 1 - tail;
}

function verdict(a, b) {
  if (a.spread != null && b.spread != null) {
    const z = (a.raw_total - b.raw_total) / Math.sqrt(a.spread ** 2 + b.spread ** 2 + GAMMA), p = phi(z);
    return `By the judge's own spread, ${p >= 0.5 ? a.short : b.short} is the better one with a probability of ${(100 * Math.max(p, 1 - p)).toFixed(0)}%.`;
  }
  const gap = Math.abs(a.total - b.total);
  return gap < 0.005 ? "The totals are equal." : `${a.total > b.total ? a.short : b.short} leads by ${two(gap)}.`;
}

function comparison(a, b) {
  const row = (name, x, y, as) => make("tr", {}, make("td", {}, name),
    make("td", { class: "number" }, as(x)), make("td", { class: "number" }, as(y)), make("td", { class: "number" }, signed(x - y)));
  const rows = report.attributes.map((name, i) => row(words(name), a.attributes[i], b.attributes[i], signed));
  const head = (second) => make("th", { class: "number" }, make("span", { class: second ? "key second" : "key" }), second ? "second" : "first");
  return make("div", {},
    make("div", { class: "pair" }, side(a, false), side(b, true)),
    make("div", { class: "versus" },
      report.attributes.length >= 3 ? radar([a.attributes, b.attributes], true) : make("div", {}),
      make("div", {},
        make("div", { class: "scroll" }, make("table", {},
          make("thead", {}, make("tr", {}, make("th", {}, ""), head(false), head(true), make("th", { class: "number" }, "difference"))),
          make("tbody", {}, row("total", a.total, b.total, two), ...rows))),
        make("p", { class: "verdict" }, verdict(a, b)))));
}

function single(photo) {
  const answered = photo.total != null;
  return make("div", { class: "single" },
    make("section", { class: "side" },
      make("div", { class: "photo" }, picture(photo), make("span", { class: "rank" }, answered ? `#${photo.rank}` : "–")),
      heading(photo, null),
      make("p", { class: "muted name" }, `sha256 ${photo.id}`)),
    make("section", { class: "side" },
      answered ? totalBar(photo) : failure(photo),
      make("p", { class: "words" }, photo.words),
      answered && report.attributes.length ? attributes(photo, true) : null,
      answered ? null : make("pre", {}, photo.raw)));
}

function show(photos) {
  at("content").replaceChildren(photos.length === 2 ? comparison(...photos) : single(photos[0]));
  at("dialog").showModal();
  at("dialog").scrollTop = 0;
}

function pick(photo) {
  const place = state.picked.indexOf(photo);
  if (place >= 0) state.picked.splice(place, 1);
  else state.picked = [...state.picked.slice(-1), photo];
  tray();
  cards();
}

function tray() {
  const { picked } = state;
  at("tray").hidden = picked.length === 0;
  at("compare").disabled = picked.length < 2;
  at("chosen").replaceChildren(...picked.map(picture), picked.length < 2 ? "choose one more" : "");
}

const orders = {
  "best first": (a, b) => (b.total ?? -1) - (a.total ?? -1),
  "worst first": (a, b) => (a.total ?? 2) - (b.total ?? 2),
  name: (a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
  ...Object.fromEntries(report.attributes.map((name, i) =>
    [words(name), (a, b) => (b.attributes[i] ?? -2) - (a.attributes[i] ?? -2)])),
  ...(report.photos.some(p => p.spread != null) ? { "least sure first": (a, b) => (b.spread ?? -1) - (a.spread ?? -1) } : {}),
};

function find() {
  const text = at("find").value.trim().toLowerCase(), kind = at("kind").value, least = Number(at("least").value);
  at("least-shown").value = two(least);
  const fits = photo =>
    (kind === "all" || (kind === "answered") === (photo.total != null)) &&
    (least === 0 || (photo.total ?? -1) >= least) &&
    (!text || photo.name.toLowerCase().includes(text) || photo.words.toLowerCase().includes(text));
  const order = orders[at("sort").value];
  state.found = report.photos.filter(fits).sort((a, b) => order(a, b) || a.place - b.place);
  state.page = 0;
  cards();
}

function cards() {
  const { found } = state, pages = Math.max(1, Math.ceil(found.length / PAGE));
  const shown = found.slice(state.page * PAGE, (state.page + 1) * PAGE);
  at("cards").replaceChildren(...(shown.length ? shown.map(card) : [make("p", { class: "empty" }, "No photo fits.")]));
  at("count").textContent = `${found.length.toLocaleString("en")} of ${report.photos.length.toLocaleString("en")} photos`;
  at("page").textContent = `${state.page + 1} of ${pages}`;
  at("previous").disabled = state.page === 0;
  at("next").disabled = state.page >= pages - 1;
  document.querySelector(".pages").hidden = pages === 1;
}

function turn(by) {
  state.page += by;
  cards();
  scrollTo({ top: 0 });
}

function histogram() {
  const totals = report.photos.filter(p => p.total != null).map(p => p.total);
  if (!totals.length) return;
  const bins = Array(20).fill(0);
  for (const total of totals) bins[Math.min(19, Math.floor(total * 20))] += 1;
  const most = Math.max(...bins), svg = draw("svg", { viewBox: "0 0 200 48", preserveAspectRatio: "none", role: "img", "aria-label": "histogram of totals" });
  bins.forEach((count, i) => {
    const tall = count ? Math.max(1, 34 * count / most) : 0, bar = draw("rect", { x: i * 10 + 1, y: 36 - tall, width: 8, height: tall, rx: 1.5 });
    const title = draw("title", {});
    title.textContent = `${two(i / 20)} to ${two((i + 1) / 20)}: ${count}`;
    bar.append(title);
    svg.append(bar);
  });
  svg.append(draw("line", { x1: 0, x2: 200, y1: 36.5, y2: 36.5 }));
  for (const [x, text, side] of [[0, "0", "start"], [100, "0.5", "middle"], [200, "1", "end"]]) {
    const label = draw("text", { x, y: 46, "text-anchor": side });
    label.textContent = text;
    svg.append(label);
  }
  at("histogram").append(svg);
}

at("sort").append(...Object.keys(orders).map(name => make("option", { value: name }, name)));
for (const id of ["find", "least"]) at(id).addEventListener("input", find);
for (const id of ["sort", "kind"]) at(id).addEventListener("change", find);
at("previous").addEventListener("click", () => turn(-1));
at("next").addEventListener("click", () => turn(1));
at("compare").addEventListener("click", () => show(state.picked));
at("clear").addEventListener("click", () => { state.picked = []; tray(); cards(); });
at("close").addEventListener("click", () => at("dialog").close());
at("dialog").addEventListener("click", event => { if (event.target === at("dialog")) at("dialog").close(); });
at("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
report.photos.forEach((photo, place) => { photo.place = place; });
histogram();
find();
