// Pointing at a picture: what is pointed at tells what it is, and the rest steps back.
//
// A value shows its paths to the result and their product, an operation its formula, an arrow its
// factor in the chain rule, and a factor its arrow. `film.js` and `picture.js` follow in the same
// script and use what is here.
// oxlint-disable no-unused-vars -- of this file, which is the first part of a script
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// SVG becomes part of the page, so that its parts can be shown, hidden and pointed at. Ids are
// turned into data: a page may show the same picture twice.
const inline = (image) => {
  const [kind, bytes] = image.src.split(";base64,");
  if (!kind.includes("svg")) return image;
  const text = new TextDecoder().decode(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)));
  const svg = document.importNode(
    new DOMParser().parseFromString(text, "image/svg+xml").documentElement,
    true,
  );
  svg.style.cssText = image.style.cssText;
  svg.setAttribute("tabindex", "-1");
  for (const part of svg.querySelectorAll("[id]")) {
    part.dataset.part = part.id;
    part.removeAttribute("id");
  }
  return svg;
};

// Which values and uses lie on paths from a value to the result; a use is named as `2-0`.
const paths = ({ of, values, ops }, from, flows) => {
  const [ahead, behind, uses] = [new Set([from]), new Set([of]), new Set()];
  const open = (use) => use[1] || !flows;
  for (const { uses: read, outputs } of ops) {
    if (read.some((use) => open(use) && ahead.has(use[0]))) for (const it of outputs) ahead.add(it);
  }
  if (of === null || !ahead.has(of)) for (const id of Object.keys(values)) behind.add(+id);
  for (const { uses: read, outputs } of [...ops].reverse()) {
    if (!outputs.some((it) => behind.has(it))) continue;
    for (const use of read) if (open(use)) behind.add(use[0]);
  }
  for (const [op, { uses: read, outputs }] of ops.entries()) {
    if (!outputs.some((it) => ahead.has(it) && behind.has(it))) continue;
    for (const [i, use] of read.entries()) if (open(use) && ahead.has(use[0])) uses.add(`${op}-${i}`);
  }
  return { values: new Set([...ahead].filter((id) => behind.has(id))), uses };
};

// Make a picture answer. `told(part, said)` is called with what is pointed at, as `value-3`, and
// what it says, with null and nothing when the pointer leaves; it gives the text that it shows.
// `chosen(part)` is called when it is clicked. Gives a function that tells once more.
const point = (svg, data, told, chosen) => {
  const name = (element) => element.dataset.part ?? "";
  const number = (element) => Number(element.getAttribute("class").match(/\bvalue-(\d+)/)[1]);
  const useOf = (element) =>
    element.classList.contains("factor")
      ? [...element.classList].find((it) => it.startsWith("use-")).slice(4)
      : name(element).replace("backward-", "");
  const partOf = (element) => {
    if (element.matches(".value")) return `value-${number(element)}`;
    return element.matches(".operation") ? name(element) : `operation-${useOf(element).split("-")[0]}`;
  };
  const find = (target) => target.closest?.(".value,.operation,.backward,.factor");
  const parts = [...svg.querySelectorAll(".value,.operation,.forward,.backward,.result,.branch")];
  const factors = [...svg.querySelectorAll(".factor")];

  // The names of what stays clear, and what is said.
  const answer = (element) => {
    const clear = { values: new Set(), uses: new Set(), ops: new Set() };
    const add = (op, i) => {
      clear.uses.add(`${op}-${i}`);
      clear.ops.add(op);
      for (const it of [data.ops[op].uses[i][0], ...data.ops[op].outputs]) clear.values.add(it);
    };
    if (element.matches(".value")) {
      const id = number(element);
      const flows = data.ops.some((op) => op.uses.some(([value, flowed]) => value === id && flowed));
      const { uses } = paths(data, id, flows);
      for (const use of uses) add(...use.split("-").map(Number));
      clear.values.add(id);
      return [clear, data.values[id]];
    }
    if (element.matches(".operation")) {
      const op = Number(name(element).split("-")[1]);
      for (const i of data.ops[op].uses.keys()) add(op, i);
      for (const it of data.ops[op].outputs) clear.values.add(it);
      clear.ops.add(op);
      return [clear, data.ops[op].says];
    }
    const [op, i] = useOf(element).split("-").map(Number);
    add(op, i);
    return [clear, data.ops[op].says];
  };

  let here = null;
  const tell = () => {
    const text = told(here && partOf(here), here ? answer(here)[1] : []);
    if (here?.hasAttribute("aria-label") && text) here.setAttribute("aria-label", text);
  };
  const show = (element) => {
    if (element === here) return;
    here = element;
    const clear = element && answer(element)[0];
    for (const part of parts) {
      const [kind, op, i] = name(part).split("-");
      let kept = !clear;
      if (clear) {
        if (kind === "value") kept = clear.values.has(+op);
        else if (kind === "operation" || kind === "result") {
          kept = clear.ops.has(+op) || data.ops[op].outputs.some((it) => clear.values.has(it));
        }
        else kept = clear.uses.has(`${op}-${i}`);
      }
      part.classList.toggle("off", !kept);
    }
    for (const factor of factors) {
      const use = clear && !element.matches(".value,.operation") && useOf(element);
      factor.classList.toggle("on", useOf(factor) === use);
    }
    tell();
  };

  svg.setAttribute("role", "group");
  for (const part of svg.querySelectorAll(".value,.operation")) {
    part.setAttribute("tabindex", "0");
    part.setAttribute("role", chosen && part.matches(".value") ? "button" : "img");
    part.setAttribute("aria-label", answer(part)[1][0]);
  }
  svg.addEventListener("pointerover", (event) => show(find(event.target)));
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && show(null));
  svg.addEventListener("focusin", (event) => show(find(event.target)));
  svg.addEventListener("focusout", () => show(null));
  svg.addEventListener("click", (event) => {
    const element = find(event.target);
    show(element);
    if (element && chosen) chosen(partOf(element));
  });
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(null);
    else if (event.key === "Enter" && here && chosen) chosen(partOf(here));
  });
  return tell;
};
