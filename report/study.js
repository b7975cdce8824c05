"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words, files, params, tables, study } = data;
  const pathOf = (at) => files[at][0];

  const make = (tag, given = {}, ...inside) => {
    const one = Object.assign(document.createElement(tag), given);
    one.append(...inside);
    return one;
  };
  const button = (text, act) => {
    const one = make("button", { type: "button", textContent: text });
    one.addEventListener("click", act);
    return one;
  };
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const heads = (table) => [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const shown = (cell) => cell.textContent.replace(/\s+/g, " ").trim();

  // Sorting: up, down, as it was. Numbers by their full value, gaps always last.
  const value = (cell) => {
    const text = shown(cell);
    if (text === "—" || text === "") return null;
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return text;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });

  function sort(table, head, at, original) {
    const was = head.getAttribute("aria-sort");
    const next = was === "ascending" ? "descending" : was === "descending" ? null : "ascending";
    heads(table).forEach((other) => other.removeAttribute("aria-sort"));
    let rows = [...original];
    if (next) {
      head.setAttribute("aria-sort", next);
      const turn = next === "ascending" ? 1 : -1;
      const keyed = rows.map((row) => [value(row.cells[at]), row]);
      keyed.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : turn * compare(a, b)));
      rows = keyed.map(([, row]) => row);
    }
    table.tBodies[0].append(...rows);
    document.getElementById("said").textContent = filled(words[next || "unsorted"], { column: shown(head) });
  }

  // Tables as files: the very text of the result, or what is shown where no file holds it.
  function keep(name, text) {
    const place = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    make("a", { href: place, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(place), 10000);
  }
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const asShown = (table) =>
    [heads(table), ...[...table.tBodies[0].rows].map((row) => [...row.cells])]
      .map((cells) => cells.map((cell) => quoted(cell.dataset.v ?? shown(cell))).join(","))
      .join("\n") + "\n";
  const below = (path) => path.replace(/^results\/[^/]+\//, "");
  const nameOf = (path) => below(path).replaceAll("/", "_");

  // The dialog: a file, what made it, and the way up to the study's own files.
  const dialog = document.getElementById("source");
  const [head, back, content] = ["#source-head", "#source-back", ".trace"].map((s) => dialog.querySelector(s));
  let way = [];

  const inputsOf = (places) =>
    make("ul", {}, ...places.map((at) => make("li", {}, button(pathOf(at), () => go(() => file(at))))));
  const row = (list, name, ...inside) => list.append(make("dt", { textContent: name }), make("dd", {}, ...inside));

  function file(at) {
    const [path, rule, wildcards, given, inputs, digest, size] = files[at];
    const list = make("dl");
    const many = wildcards.files;
    if (digest) row(list, words.rule, rule ? make("code", { textContent: rule }) : words.given);
    const named = rule ? Object.entries(wildcards) : [];
    if (named.length) row(list, words.wildcards, named.map((pair) => pair.join(" = ")).join(", "));
    if (many) row(list, words.files, String(many));
    if (size !== null) row(list, words.size, `${size.toLocaleString("en")} B`);
    row(list, "SHA-256", digest ? make("code", { textContent: digest }) : words.unknown);
    const inside = [list];
    if (given !== null) {
      const text = JSON.stringify(params[given], null, 1);
      inside.push(make("details", {}, make("summary", { textContent: words.params }), make("pre", { textContent: text })));
    }
    if (inputs.length) inside.push(make("p", { textContent: filled(words.inputs, { many: inputs.length }) }), inputsOf(inputs));
    return { title: path, inside };
  }

  function number(cell, table, sources) {
    const [at, line, column] = (cell.dataset.o || "").split(/:(\d+):/);
    const labels = [shown(cell.parentNode.cells[0]), shown(heads(table)[cell.cellIndex])];
    const inside = [make("p", {}, make("span", { className: "value", textContent: cell.dataset.v ?? shown(cell) }))];
    inside.push(make("p", { textContent: labels.join(" · ") }));
    if (column !== undefined) {
      inside.push(make("p", { textContent: filled(words.place, { line, column }) }));
      const told = file(Number(at));
      return { title: told.title, inside: [...inside, ...told.inside] };
    }
    inside.push(make("p", { textContent: words.computed }), inputsOf(sources));
    return { title: words.source, inside };
  }

  function picker(table, sources, found) {
    const rows = [...table.tBodies[0].rows];
    const columns = heads(table).map((one, at) => [one, at]).filter(([one]) => one.classList.contains("number"));
    if (!columns.length) return [];
    const choice = (label, options) => {
      const one = make("select", {}, make("option", { value: "", textContent: "–" }), ...options);
      return [one, make("label", {}, label, one)];
    };
    const option = (text, at) => make("option", { value: String(at), textContent: text });
    const [line, lineLabel] = choice(words.row, rows.map((one, at) => option(shown(one.cells[0]), at)));
    const [column, columnLabel] = choice(words.column, columns.map(([one, at]) => option(shown(one), at)));
    const answer = make("div");
    const choose = () => {
      if (line.value === "" || column.value === "") return answer.replaceChildren();
      const cell = rows[Number(line.value)].cells[Number(column.value)];
      const told = number(cell, table, sources);
      answer.replaceChildren(make("p", {}, make("strong", { textContent: told.title })), ...told.inside);
    };
    line.addEventListener("change", choose);
    column.addEventListener("change", choose);
    return [make("p", { textContent: words.pick }), make("div", { className: "pick" }, lineLabel, columnLabel), answer, ...found];
  }

  function block(sources, table) {
    const found = sources.length ? [make("p", { textContent: words.made }), inputsOf(sources)] : [make("p", { textContent: words.config })];
    return { title: words.source, inside: [...found, ...(table ? picker(table, sources, []) : [])] };
  }

  function show({ title, inside }) {
    head.textContent = title;
    content.replaceChildren(...inside);
    back.hidden = way.length < 2;
    dialog.scrollTop = 0;
    if (!dialog.open) dialog.showModal();
  }
  function go(view) {
    way.push(view);
    show(view());
    if (way.length > 1) back.focus();
  }
  const open = (view) => {
    way = [];
    go(view);
  };
  back.addEventListener("click", () => {
    way.pop();
    show(way[way.length - 1]());
    (back.hidden ? dialog.querySelector("#source-close") : back).focus();
  });
  dialog.querySelector("#source-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  // Controls beside each table and figure.
  for (const tools of document.querySelectorAll(".tools")) {
    const sources = tools.dataset.sources.split(" ").filter(Boolean).map(Number);
    const table = tools.previousElementSibling?.querySelector("table");
    const single = sources.length === 1 && !table;
    tools.append(button(words.source, () => open(() => (single ? file(sources[0]) : block(sources, table)))));
    if (table) {
      const paths = sources.map(pathOf);
      const own = paths.filter((path) => path in tables);
      own.forEach((path) => tools.append(button(`CSV: ${below(path)}`, () => keep(nameOf(path), tables[path]))));
      if (!own.length) tools.append(button(words.keep, () => keep(`${study}.csv`, asShown(table))));
      const original = [...table.tBodies[0].rows];
      heads(table).forEach((one, at) => {
        if (original.length < 2) return;
        const sorter = button("", () => sort(table, one, at, original));
        sorter.append(...one.childNodes);
        one.replaceChildren(sorter);
      });
      table.classList.add("live");
      table.tBodies[0].addEventListener("click", (event) => {
        const cell = event.target.closest("td.number");
        if (cell && shown(cell) !== "—" && document.getSelection().isCollapsed) open(() => number(cell, table, sources));
      });
    }
    tools.hidden = false;
  }

  // On paper folded tables are open; in the contents the section in sight is marked.
  addEventListener("beforeprint", () => document.querySelectorAll("details.block").forEach((one) => (one.open = true)));
  const links = new Map([...document.querySelectorAll("nav a")].map((one) => [one.hash.slice(1), one]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        links.forEach((one) => one.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-10% 0px -80%" },
  );
  document.querySelectorAll("main > section").forEach((one) => seen.observe(one));
})();
