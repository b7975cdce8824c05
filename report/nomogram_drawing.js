// The document and its drawings: elements by id, SVG, and where labels go. No number is made here.

const SVG = "http://www.w3.org/2000/svg";

function element(id) {
  return document.getElementById(id);
}

function write(id, text) {
  const node = element(id);
  if (node !== null && node.textContent !== text) node.textContent = text;
}

function fill(id, value, text) {
  const node = element(id);
  if (node === null) return;
  node.value = String(value);
  node.textContent = text;
}

function radios(i) {
  return [...document.getElementsByName(`choice-${i}`)];
}

function put(parent, tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

/** Empty the drawing and give it its room; its width comes back. */
function begin(svg, height) {
  svg.replaceChildren();
  const width = Math.max(240, svg.parentElement.clientWidth - padding(svg.parentElement));
  size(svg, width, height);
  return width;
}

function padding(node) {
  const style = getComputedStyle(node);
  return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
}

function size(svg, width, height) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
}

function measure(svg, text, style = "") {
  const node = put(svg, "text", { class: style }, text);
  const width = node.getComputedTextLength();
  node.remove();
  return width;
}

/** Lines no longer than the room; broken between words, the signs of Chinese, or where it must. */
function wrap(svg, text, room) {
  const fits = (line) => measure(svg, line.trim(), "name") <= room;
  const parts = (text.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+|\s+/g) ?? [])
    .flatMap((part) => (fits(part) ? [part] : [...part]));
  const lines = [""];
  for (const part of parts) {
    const longer = lines.at(-1) + part;
    if (lines.at(-1) !== "" && !fits(longer)) lines.push(part.trim());
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** Lines below the axis for labels that must all stand, so that none meet. */
function stack(places, widths, gap, room) {
  const tiers = [], ends = places.map((at, i) => inside(at, widths[i], room));
  places.forEach((_, i) => {
    let tier = 0;
    const meets = (k) =>
      tiers[k] === tier && Math.abs(ends[i] - ends[k]) < (widths[i] + widths[k]) / 2 + gap;
    while (tiers.some((_, k) => meets(k))) tier++;
    tiers.push(tier);
  });
  return tiers;
}

/** The middle of a label that is moved as far as it must to stay in the room. */
function inside(at, width, [from, to]) {
  return Math.max(Math.min(at, to - width / 2), from + width / 2);
}

/** Round values from 0 on, a dozen at most. */
function evenTicks(end) {
  const power = 10 ** Math.floor(Math.log10(end / 11));
  const step = [1, 2, 5, 10].map((k) => k * power).find((width) => end / width < 11.5);
  const ticks = [];
  for (let k = 0; k * step <= end * (1 + 1e-9); k++) ticks.push([k * step, rounded(k * step)]);
  return ticks;
}

function sum(counts) {
  return counts.reduce((a, b) => a + b, 0);
}
