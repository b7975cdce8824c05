// The calculator's page: what is typed goes through the functions of nomogram.js, what comes out is
// shown by those of nomogram_drawing.js. Texts are set as text, never as markup.

const QUIET = 700; // ms after the last change before the result is read out

class Page {
  constructor(model) {
    this.model = model;
    const chinese = model.language === "zh" || navigator.language.startsWith("zh");
    this.language = chinese ? "zh" : "en";
    this.entries = model.predictors.map(() => ({ state: "unset" }));
    for (const button of document.querySelectorAll("[data-language]"))
      button.addEventListener("click", () => this.speak(button.dataset.language));
    const form = element("entries");
    if (form !== null) {
      form.reset(); // some browsers keep what was typed before a reload
      form.addEventListener("submit", (event) => event.preventDefault());
      element("clear").addEventListener("click", () => this.clear());
      model.predictors.forEach((_, i) => this.listen(i));
    }
    const watch = new ResizeObserver(() => this.resize());
    for (const svg of document.querySelectorAll("svg")) watch.observe(svg.parentElement);
    this.speak(this.language);
  }

  // --- words

  say(key, values = {}) {
    const text = this.model.words.texts[key][this.language];
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** A word of the study's own, in Chinese where the table has it. */
  name(words) {
    const known = Object.hasOwn(this.model.words.terms, words);
    return this.language === "zh" && known ? this.model.words.terms[words] : words;
  }

  names(indices) {
    return indices.map((i) => this.name(this.model.predictors[i].label)).join(this.say("comma"));
  }

  share(p) {
    return this.say("percent", { n: percent(p) });
  }

  /** A value as read: with its unit, or the level's name. */
  value(predictor, value) {
    if (predictor.kind === "choice") return this.name(predictor.levels[value].label);
    return `${rounded(value)} ${this.name(predictor.unit)}`.trim();
  }

  speak(language) {
    this.language = language;
    document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
    document.title = `${this.model.study}: ${this.say("title")}`;
    for (const button of document.querySelectorAll("[data-language]"))
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    for (const node of document.querySelectorAll("[data-text]"))
      node.textContent = this.say(node.dataset.text);
    for (const node of document.querySelectorAll("[data-label]"))
      node.setAttribute("aria-label", this.say(node.dataset.label));
    for (const node of document.querySelectorAll("[data-term]"))
      node.textContent = this.name(node.dataset.term);
    const { model } = this;
    const outcome = { positive: model.positive_name, negative: model.negative_name };
    write("question", this.say("question", outcome));
    write("outcome", this.say("outcome_is", outcome));
    write("cohort", this.say("cohort_is", { ...model, positive: outcome.positive }));
    if (model.reason) write("reason", this.say("reason", { reason: model.reason }));
    if (model.available) {
      write("of", this.say("probability", outcome));
      write("interval", this.method());
      if (model.cutoff !== null)
        write("cutoff", this.say("cutoff_is", {
          cutoff: this.share(probability(model.cutoff)), eta: fixed(model.cutoff, 3),
        }));
      else write("cutoff", this.say("call_none"));
      model.predictors.forEach((predictor, i) => this.describe(predictor, i));
      this.update();
    }
  }

  method() {
    const { model } = this;
    if (model.covariance === null) return this.say(model.no_interval);
    const method = this.say(model.method === "Firth" ? "method_firth" : "method_ml");
    return this.say("interval_is", { level: this.level(), method });
  }

  level() {
    return rounded(100 * this.model.confidence);
  }

  describe(predictor, i) {
    const unit = this.name(predictor.unit);
    const coding = this.coding(predictor);
    write(`coding-${i}`, coding);
    const hints = [this.say("coding", { coding })];
    if (predictor.kind === "number")
      hints.push(this.say("range", {
        low: rounded(predictor.low, 1), high: rounded(predictor.high, -1), unit,
      }).replace(" .", "."));
    write(`hint-${i}`, hints.join(this.language === "zh" ? "" : " "));
    if (predictor.imputed !== null)
      write(`instead-${i}`, this.say("unknown", { value: this.value(predictor, predictor.imputed) }));
  }

  /** What the coefficient of a predictor stands for. */
  coding(predictor) {
    if (predictor.kind === "number")
      return predictor.coding.startsWith("per ")
        ? this.say("per", { per: rounded(predictor.per), unit: this.name(predictor.unit) })
        : this.name(predictor.coding);
    return predictor.levels.map((level) => `${level.codes.join(" ")} = ${this.name(level.label)}`)
      .reverse().join(this.say("comma"));
  }

  // --- entries

  listen(i) {
    const text = element(`value-${i}`), slider = element(`slider-${i}`);
    const changed = () => {
      this.read(i);
      this.update();
    };
    if (text !== null) text.addEventListener("input", changed);
    if (slider !== null)
      for (const kind of ["input", "click"])
        slider.addEventListener(kind, () => {
          if (kind === "click" && this.entries[i].state !== "unset") return;
          text.value = slider.value;
          changed();
        });
    for (const radio of radios(i)) radio.addEventListener("change", changed);
    element(`unknown-${i}`)?.addEventListener("change", changed);
  }

  /** The entry as the form has it now. */
  read(i) {
    const unknown = element(`unknown-${i}`)?.checked ?? false;
    const text = element(`value-${i}`), slider = element(`slider-${i}`);
    for (const input of [text, slider, ...radios(i)]) if (input) input.disabled = unknown;
    if (unknown) this.entries[i] = { state: "unknown" };
    else if (text === null) {
      const radio = radios(i).find((one) => one.checked);
      this.entries[i] = radio ? { state: "set", value: Number(radio.value) } : { state: "unset" };
    } else {
      const { value, problem } = parseNumber(text.value);
      if (problem === "empty") this.entries[i] = { state: "unset" };
      else if (problem) this.entries[i] = { state: "wrong", problem };
      else {
        this.entries[i] = { state: "set", value };
        if (slider !== null && Number(slider.value) !== value) slider.value = value;
      }
    }
  }

  clear() {
    element("entries").reset();
    this.model.predictors.forEach((_, i) => this.read(i));
    this.update();
    const first = element("entries").querySelector("input:not([disabled])");
    first.focus();
  }

  // --- results

  update() {
    const { model, entries } = this;
    const found = assess(model, entries);
    model.predictors.forEach((predictor, i) => this.comment(predictor, i));
    const open = model.predictors.map((_, i) => i)
      .filter((i) => entries[i].state === "unset" || entries[i].state === "wrong");
    write("missing", open.length ? this.say("missing_one", { names: this.names(open) }) : "");
    element("missing").hidden = open.length === 0;
    element("answer").hidden = found === null;
    if (found !== null) this.answer(found);
    else write("place", "");
    if (element("bar") !== null) element("bar").hidden = found === null;
    this.found = found;
    this.draw();
    this.announce();
  }

  /** Beside an entry: its points, and what is wrong with it or beyond the cohort. */
  comment(predictor, i) {
    const entry = this.entries[i], value = valueOf(predictor, entry);
    const slider = element(`slider-${i}`), text = element(`value-${i}`);
    let alert = "";
    if (entry.state === "wrong") alert = this.say(`problem_${entry.problem}`);
    else if (value !== null && isOutside(predictor, value))
      alert = this.say(predictor.kind === "choice" ? "outside_level" : "outside_number");
    write(`alert-${i}`, alert);
    write(`earned-${i}`, value === null ? ""
      : this.say("points", { points: fixed(pointsOf(predictor, value), 1) }));
    text?.setAttribute("aria-invalid", String(entry.state === "wrong"));
    if (slider !== null) {
      slider.classList.toggle("unset", entry.state !== "set");
      slider.setAttribute("aria-valuetext",
        entry.state === "set" ? this.value(predictor, value) : this.say("unset"));
    }
  }

  answer(found) {
    const { model } = this;
    fill("probability", found.p, this.share(found.p));
    fill("eta", found.eta, fixed(found.eta, 3));
    fill("total", found.total, fixed(found.total, 1));
    write("ci", found.ci === null ? this.say(model.no_interval) : this.say("ci", {
      level: this.level(), low: this.share(found.ci[0]), high: this.share(found.ci[1]),
    }));
    const ci = element("ci");
    ci.dataset.low = found.ci === null ? "" : String(found.ci[0]);
    ci.dataset.high = found.ci === null ? "" : String(found.ci[1]);
    this.decide(found);
    const which = (flags) => flags.flatMap((flag, i) => (flag ? [i] : []));
    const outside = which(found.outside), unknown = which(found.unknown);
    write("warn-outside",
      outside.length ? this.say("warn_outside", { names: this.names(outside) }) : "");
    write("warn-unknown",
      unknown.length ? this.say("warn_unknown", { names: this.names(unknown) }) : "");
    write("bar-p", this.share(found.p));
    if (found.place !== null) write("place", this.placed(found.place));
  }

  decide(found) {
    const call = element("call");
    call.hidden = this.model.predictors.length === 0;
    call.classList.toggle("positive", found.positive === true);
    call.classList.toggle("negative", found.positive === false);
    if (found.positive === null) {
      call.textContent = this.say("call_none");
      write("bar-call", "");
      return;
    }
    const verdict = this.say(found.positive ? "positive" : "negative",
      { positive: this.model.positive_name, negative: this.model.negative_name });
    const cutoff = this.share(probability(this.model.cutoff));
    call.textContent = this.say(found.positive ? "call_positive" : "call_negative",
      { verdict, cutoff });
    write("bar-call", verdict);
  }

  placed(place) {
    const within = place.positive + place.negative;
    const rank = (count) => Math.round((100 * count) / place.total);
    return this.say("place_among", {
      total: place.total, below: place.below, within, above: place.above,
      low: this.say("percent", { n: rounded(100 * place.low) }),
      high: this.say("percent", { n: rounded(100 * place.high) }),
      positive_n: place.positive, positive: this.model.positive_name,
      negative_n: place.negative, negative: this.model.negative_name,
      from: rank(place.below), to: rank(place.below + within),
    });
  }

  /** Read out the result once the entries rest: a slider on the move would never stop talking. */
  announce() {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      const answer = element("answer").hidden ? [] : ["of", "probability", "ci", "call"];
      const alerts = answer.length ? ["warn-outside", "warn-unknown"] : ["missing"];
      const said = [...answer, ...alerts].map((id) => element(id))
        .filter((node) => !node.hidden && node.textContent);
      write("spoken", said.map((node) => node.textContent).join(" "));
    }, QUIET);
  }

  // --- drawings

  resize() {
    const width = document.documentElement.clientWidth;
    if (width === this.drawnAt) return;
    this.draw();
  }

  draw() {
    this.drawnAt = document.documentElement.clientWidth;
    if (element("strip") !== null) this.drawStrip(element("strip"));
    if (element("nomogram") !== null) this.drawNomogram(element("nomogram"));
  }

  /** The cohort's probabilities, one class upwards and one downwards, and the patient among them. */
  drawStrip(svg) {
    const { cohort, cutoff } = this.model;
    const width = begin(svg, 156);
    const left = 8, right = width - 8, top = 12, bottom = 110, middle = (top + bottom) / 2;
    const across = (p) => left + (right - left) * p;
    const bands = cohort.positive.length;
    const tallest = Math.max(1, ...cohort.positive, ...cohort.negative);
    const ci = this.found?.ci;
    if (ci)
      put(svg, "rect", { class: "ground", x: across(ci[0]), y: top,
        width: Math.max(across(ci[1]) - across(ci[0]), 1), height: bottom - top });
    for (const [side, counts] of [[-1, cohort.positive], [1, cohort.negative]])
      counts.forEach((count, band) => {
        const height = ((middle - top - 2) * count) / tallest;
        if (count > 0)
          put(svg, "rect", { class: side < 0 ? "positive" : "negative",
            x: across(band / bands) + 1, y: side < 0 ? middle - height : middle,
            width: (right - left) / bands - 2, height });
      });
    put(svg, "line", { x1: left, x2: right, y1: middle, y2: middle });
    write("key-positive", `\u25b2 ${this.model.positive_name} (n = ${sum(cohort.positive)})`);
    write("key-negative", `\u25bc ${this.model.negative_name} (n = ${sum(cohort.negative)})`);
    if (cutoff !== null) {
      const x = across(probability(cutoff));
      put(svg, "line", { class: "cutoff", x1: x, x2: x, y1: top, y2: bottom + 4 });
    }
    if (this.found) {
      const x = across(this.found.p);
      put(svg, "line", { class: "here", x1: x, x2: x, y1: top - 4, y2: bottom + 4 });
      put(svg, "path", { d: `M${x} ${top}l-6 -9h12z`, class: "marker" });
    }
    put(svg, "line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "soft" });
    for (const p of [0, 0.25, 0.5, 0.75, 1]) {
      put(svg, "line", { x1: across(p), x2: across(p), y1: bottom, y2: bottom + 4 });
      put(svg, "text", { x: across(p), y: bottom + 18, class: "soft",
        "text-anchor": p === 0 ? "start" : p === 1 ? "end" : "middle" },
      this.say("percent", { n: 100 * p }));
    }
    put(svg, "text", { x: width / 2, y: bottom + 36, class: "soft", "text-anchor": "middle" },
      this.say("strip_axis"));
    write("strip-name", this.say("strip_legend",
      { width: this.say("percent", { n: rounded(100 / bands) }) }));
  }

  drawNomogram(svg) {
    const { drawing, predictors } = this.model;
    const width = begin(svg, 10);
    const wide = width >= 640;
    const left = wide ? 230 : 14, right = width - 16;
    const total = (at) => left + ((right - left) * at) / drawing.highest;
    const points = (at) => left + ((right - left) * at) / drawing.widest;
    const found = this.found;
    const rows = [
      { name: this.say("points_axis"), across: points, ends: [0, drawing.widest],
        ticks: evenTicks(drawing.widest), kind: "even" },
      ...predictors.map((predictor, i) => {
        const axis = drawing.predictors[predictor.name];
        const value = valueOf(predictor, this.entries[i]);
        const unit = predictor.unit ? ` (${this.name(predictor.unit)})` : "";
        return { name: this.name(predictor.label) + unit, across: points,
          ends: [axis.low, axis.high], kind: predictor.kind === "choice" ? "levels" : "even",
          ticks: axis.ticks.map(([at, text]) => [at, this.tick(predictor, text)]),
          marked: value === null ? null : pointsOf(predictor, value) };
      }),
      { name: this.say("total"), across: total, ends: [0, drawing.highest],
        ticks: evenTicks(drawing.highest), kind: "even", marked: found && found.total },
      { name: this.say("probability", { positive: this.model.positive_name }), across: total,
        ends: [0, drawing.highest], ticks: drawing.probability, kind: "important",
        marked: found && found.total },
    ];
    let y = 0, beyond = false;
    const guides = put(svg, "g", {}), axes = [];
    for (const row of rows) {
      const lines = wrap(svg, row.name, wide ? left - 24 : right - left);
      const axis = y + (wide ? 8 + 8 * lines.length : 14 + 16 * lines.length);
      lines.forEach((line, k) =>
        put(svg, "text", { class: "name", x: wide ? 0 : left,
          y: wide ? axis + 4 + 16 * (k - (lines.length - 1) / 2) : y + 12 + 16 * k }, line));
      axes.push(axis);
      const depth = this.drawAxis(svg, row, axis, [wide ? left - 16 : 0, width]);
      beyond = this.mark(svg, row, axis) || beyond;
      y = axis + Math.max(depth, wide ? 10 + 8 * lines.length : 0) + 8;
    }
    for (const [at] of rows[0].ticks)
      put(guides, "line", { class: "guide", x1: points(at), x2: points(at),
        y1: axes[0], y2: axes[predictors.length] });
    size(svg, width, y);
    write("nomogram-about",
      [this.say("nomogram_about"), beyond ? this.say("beyond") : ""].join(" ").trim());
  }

  tick(predictor, text) {
    return predictor.kind === "choice" ? this.name(text) : text.replace("-", "\u2212");
  }

  /** Line, ticks and as many labels as have room; the depth below the line comes back. */
  drawAxis(svg, row, y, room) {
    put(svg, "line", { x1: row.across(row.ends[0]), x2: row.across(row.ends[1]), y1: y, y2: y });
    const places = row.ticks.map(([at]) => row.across(at));
    const all = places.map((_, i) => i);
    let texts = row.ticks.map(([, text]) => text);
    let widths = texts.map((text) => measure(svg, text));
    let tiers = all.map(() => 0);
    if (row.kind === "levels") tiers = stack(places, widths, 8, room);
    if (Math.max(...tiers) > 0) { // one below the other: which is at which end?
      texts = row.ticks.map(([at, text]) => `${text} (${fixed(at, 1)})`);
      widths = texts.map((text) => measure(svg, text));
      tiers = stack(places, widths, 8, room);
    }
    let shown = all;
    if (row.kind === "even") shown = thin(places, widths, 6);
    if (row.kind === "important") shown = chooseLabels(places, widths, 6, all);
    const close = row.kind === "even" && places.length > 1 &&
      Math.abs(places[1] - places[0]) < 3;
    for (const i of close ? shown : all)
      put(svg, "line", { x1: places[i], x2: places[i], y1: y, y2: y + 5 });
    for (const i of shown)
      put(svg, "text", { x: inside(places[i], widths[i], room), y: y + 17 + 14 * tiers[i],
        "text-anchor": "middle" }, texts[i]);
    return 22 + 14 * Math.max(0, ...tiers);
  }

  /** The patient's triangle; at the end of the axis, pointing on, where it lies beyond. */
  mark(svg, row, y) {
    if (row.marked === null || row.marked === undefined) return false;
    const slack = 1e-6 * Math.max(1, row.ends[1]);
    const over = row.marked > row.ends[1] + slack, under = row.marked < row.ends[0] - slack;
    const x = row.across(Math.min(Math.max(row.marked, row.ends[0]), row.ends[1]));
    if (over || under) {
      const way = over ? 1 : -1;
      put(svg, "path", { class: "marker", d: `M${x + 12 * way} ${y}l${-11 * way} -6v12z` });
      return true;
    }
    put(svg, "path", { class: "marker", d: `M${x} ${y - 1}l-6 -10h12z` });
    return false;
  }
}

new Page(JSON.parse(element("data").textContent));
