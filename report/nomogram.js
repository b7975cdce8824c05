// The calculator's arithmetic: pure functions, without the page. Data as in nomoflow/calculator.py.
// An entry is {state: "set" | "unknown" | "unset" | "wrong", value}; of a choice, value is a level.
"use strict";

const LARGEST = 1e9; // no measurement is larger, and no sum of products overflows

/** A number as people type it: {value}, or {problem: "empty" | "number" | "comma"}. */
function parseNumber(text) {
  // NFKC makes the wide digits and signs of East Asian keyboards plain ones.
  const plain = text.normalize("NFKC").trim().replace(/^[\u2212\u2013]/, "-");
  if (plain === "") return { problem: "empty" };
  if (/^[-+]?[1-9]\d{0,2},\d{3}$/.test(plain)) return { problem: "comma" };
  const pointed = plain.replace(/^([-+]?\d*),(\d+)$/, "$1.$2");
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(pointed)) return { problem: "number" };
  const value = Number(pointed);
  return Math.abs(value) <= LARGEST ? { value } : { problem: "number" };
}

/** The coded terms, or null while an entry is missing or wrong. */
function design(model, entries) {
  const x = new Array(model.coefficients.length).fill(0);
  for (const [i, predictor] of model.predictors.entries()) {
    const value = valueOf(predictor, entries[i]);
    if (value === null) return null;
    if (predictor.kind === "number") x[predictor.term] = value / predictor.per;
    else predictor.terms.forEach((term, k) => (x[term] = predictor.levels[value].codes[k]));
  }
  return x;
}

/** What an entry counts as; null where it counts as nothing yet. */
function valueOf(predictor, entry) {
  if (entry.state === "set") return entry.value;
  if (entry.state === "unknown" && predictor.imputed !== null) return predictor.imputed;
  return null;
}

function linearPredictor(model, x) {
  return x.reduce((sum, value, j) => sum + model.coefficients[j] * value, model.intercept);
}

/** 1 / (1 + exp(-eta)), exact to rounding at both ends. */
function probability(eta) {
  const e = Math.exp(-Math.abs(eta));
  return eta >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** Wald's limits of the linear predictor; null where the model has no covariance. */
function interval(model, x) {
  if (model.covariance === null) return null;
  const design = [1, ...x];
  let variance = 0;
  for (let i = 0; i < design.length; i++)
    for (let j = 0; j < design.length; j++)
      variance += design[i] * model.covariance[i][j] * design[j];
  const eta = linearPredictor(model, x);
  const half = model.quantile * Math.sqrt(Math.max(variance, 0));
  return [eta - half, eta + half];
}

/** Points of a predictor: along its straight axis, also beyond the ends; of a level, its own. */
function pointsOf(predictor, value) {
  if (predictor.kind === "choice") return predictor.levels[value].points;
  const { value: start, points, slope } = predictor.axis;
  return points + slope * (value - start);
}

/** Whether the model has seen no patient like this: beyond the range, or a level without any. */
function isOutside(predictor, value) {
  if (predictor.kind === "choice") return !predictor.levels[value].seen;
  // 33 years kept as 3.3 decades may come back as 32.99999999999999.
  const slack = 1e-9 * Math.max(Math.abs(predictor.low), Math.abs(predictor.high));
  return value < predictor.low - slack || value > predictor.high + slack;
}

/** Where a probability lies among the cohort's: patients below its band, in it, above it. */
function placeOf(cohort, p) {
  const bands = cohort.positive.length;
  const band = Math.min(bands - 1, Math.floor(p * bands));
  const count = (from, to) =>
    [...cohort.positive.slice(from, to), ...cohort.negative.slice(from, to)].reduce((a, b) => a + b, 0);
  const total = count(0, bands);
  return {
    band, total, low: band / bands, high: (band + 1) / bands,
    below: count(0, band), above: count(band + 1, bands),
    positive: cohort.positive[band], negative: cohort.negative[band],
  };
}

/** Everything about a patient; null while an entry is missing or wrong. */
function assess(model, entries) {
  const x = design(model, entries);
  if (x === null) return null;
  const eta = linearPredictor(model, x);
  const values = model.predictors.map((predictor, i) => valueOf(predictor, entries[i]));
  const points = model.predictors.map((predictor, i) => pointsOf(predictor, values[i]));
  const limits = interval(model, x);
  const p = probability(eta);
  return {
    values, points, limits, eta, p,
    total: points.reduce((a, b) => a + b, 0),
    ci: limits && limits.map(probability),
    // The last bits of a sum depend on its order: a patient at the cut-off stays at it.
    positive: model.cutoff === null ? null
      : eta >= model.cutoff - 1e-12 * Math.max(1, Math.abs(model.cutoff)),
    outside: model.predictors.map((predictor, i) => isOutside(predictor, values[i])),
    unknown: entries.map((entry) => entry.state === "unknown"),
    place: model.cohort && placeOf(model.cohort, p),
  };
}

/** A share in per cent, with one decimal; never 0 or 100, which would be certainty. */
function percent(p) {
  if (p < 0.001) return "< 0.1";
  if (p > 0.999) return "> 99.9";
  return (100 * p).toFixed(1);
}

/** A number for people: a true minus sign, no negative zero. */
function fixed(value, digits) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** Four digits at most, rounded up (side 1) or down (-1), so that a shown limit lies within. */
function rounded(value, side = 0) {
  if (value === 0) return "0";
  const unit = 10 ** Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  const scaled = value * unit;
  const whole = Math.round(scaled);
  const near = Math.abs(scaled - whole) < 1e-9 * Math.abs(scaled);
  const kept = near || side === 0 ? whole : side > 0 ? Math.ceil(scaled) : Math.floor(scaled);
  return String(kept / unit).replace("-", "\u2212");
}

/** The labels to print so that none meet: places and widths in one unit, by importance. */
function chooseLabels(places, widths, gap, order) {
  const kept = [];
  for (const i of order)
    if (kept.every((k) => Math.abs(places[i] - places[k]) >= (widths[i] + widths[k]) / 2 + gap))
      kept.push(i);
  return kept.sort((a, b) => a - b);
}

/** Every k-th label, with the smallest k that leaves room for all of them. */
function thin(places, widths, gap) {
  const all = places.map((_, i) => i);
  for (let k = 1; k < all.length; k++) {
    const order = all.filter((i) => i % k === 0);
    if (chooseLabels(places, widths, gap, order).length === order.length) return order;
  }
  return all.slice(0, 1);
}

if (typeof module !== "undefined")
  module.exports = {
    parseNumber, design, linearPredictor, probability, interval, assess, placeOf, percent, fixed,
    rounded, chooseLabels, thin,
  };
