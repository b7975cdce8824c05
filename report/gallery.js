"use strict";
(() => {
  const list = document.getElementById("cards");
  const cards = [...list.children];
  const form = document.getElementById("choices");
  const [phase, patient, order, remarked] = ["phase", "patient", "order", "remarked"].map((id) =>
    document.getElementById(id));
  // What is to be looked at first; a card without the figure comes last.
  const ranks = {
    dice: (data) => (data.dice === "" ? Infinity : Number(data.dice)),
    change: (data) => (data.change === "" ? Infinity : -Math.abs(Number(data.change))),
  };

  function choose() {
    const wanted = patient.value.trim().toLowerCase();
    let shown = 0;
    for (const card of cards) {
      const data = card.dataset;
      card.hidden = (phase.value !== "" && data.phase !== phase.value)
        || !data.patient.toLowerCase().includes(wanted)
        || (remarked.checked && data.remarks === "0");
      shown += card.hidden ? 0 : 1;
    }
    const count = document.getElementById("count");
    count.textContent = count.dataset.words.replace("{shown}", shown).replace("{all}", cards.length);
  }

  function arrange() {
    const rank = ranks[order.value];
    const placed = cards.map((card, at) => [rank ? rank(card.dataset) : 0, at, card]);
    placed.sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1));
    list.append(...placed.map((one) => one[2]));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", choose);
  order.addEventListener("input", arrange);
  form.hidden = false;
  choose();
  arrange();
})();
