// Pointing at a picture: what is pointed at tells what it is, and the rest steps back.
//
// A value shows its paths to the result and their product, an operation its formula, an arrow its
// factor in the chain rule, and a factor its arrow. `inline.js` comes before, others follow.
// oxlint-disable no-unused-vars -- of this file, which is a part of a script
// Say a text, its lines beside one another where there is room.
const tell = (element, text) =>
  element.replaceChildren(...text.split("\n").map((line) => make("span", {}, line)));

// Keep the room of the longest text, so that nothing below moves when it changes. Gives its end.
const roomy = (element, texts, width = 0) => {
  const observer = new ResizeObserver(() => {
    if (!element.offsetWidth || element.offsetWidth === width) return;
    width = element.offsetWidth;
    const before = [...element.childNodes];
    element.style.minHeight = "";
    let tallest = 0;
    for (const text of texts) {
      tell(element, text);
      tallest = Math.max(tallest, element.offsetHeight);
    }
    element.replaceChildren(...before);
    element.style.minHeight = `${tallest}px`;
  });
  observer.observe(element);
  return () => observer.disconnect();
};

// Which uses lie on paths from a value to the result; a use is named as `2-0`. Some results get a
// part of their gradient inside of their own operation, from its other results.
const paths = ({ of, values, ops }, from, flows) => {
  const [ahead, behind, uses, met] = [new Set([from]), new Set([of]), [], new Set([from])];
  const open = (use) => use[1] || !flows;
  for (const { uses: read, outputs, inside } of ops) {
    const within = flows && inside.some((id) => ahead.has(id));
    if (within || read.some((use) => open(use) && ahead.has(use[0]))) for (const it of outputs) ahead.add(it);
  }
  if (of === null || !ahead.has(of)) for (const id of Object.keys(values)) behind.add(+id);
  for (const { uses: read, outputs, inside } of [...ops].reverse()) {
    if (!outputs.some((it) => behind.has(it))) continue;
    for (const use of read) if (open(use)) behind.add(use[0]);
    if (flows) for (const id of inside) behind.add(id);
  }
  for (const [op, { uses: read, outputs }] of ops.entries()) {
    if (!outputs.some((it) => ahead.has(it) && behind.has(it))) continue;
    for (const [i, use] of read.entries()) if (open(use) && ahead.has(use[0])) uses.push([op, i]);
    for (const it of outputs) if (ahead.has(it) && behind.has(it)) met.add(it);
  }
  return { uses, met };
};

// Make a picture answer. `told(part, said)` is called with what is pointed at, as `value-3`, and
// what it says, with null and nothing when the pointer leaves; it gives the text that it shows.
// `chosen(part)` is called when a value is picked. Gives a function that points at nothing.
const point = (svg, data, told, chosen) => {
  const name = (element) => element.dataset.part ?? "";
  const number = (element) => Number(element.getAttribute("class").match(/\bvalue-(\d+)/)[1]);
  const useOf = (element) =>
    element.matches(".factor")
      ? [...element.classList].find((it) => it.startsWith("use-")).slice(4)
      : name(element).replace("backward-", "");
  const partOf = (element) => {
    if (element.matches(".value")) return `value-${number(element)}`;
    if (element.matches(".branch")) return name(element).replace("-road", "");
    return element.matches(".operation") ? name(element) : `operation-${useOf(element).split("-")[0]}`;
  };
  const find = (target) => target.closest?.("g.value,g.operation,g.backward,.factor,g.branch");
  const parts = [...svg.querySelectorAll("g[data-part]:not(.frame, .fold)")];
  const factors = [...svg.querySelectorAll(".factor")];

  // What stays clear: values, uses, operations; whether gradients do; and what is said.
  const answer = (element) => {
    const clear = { values: new Set(), uses: new Set(), ops: new Set(), back: true };
    const add = ([op, i]) => {
      clear.uses.add(`${op}-${i}`);
      clear.ops.add(op);
      for (const it of [data.ops[op].uses[i][0], ...data.ops[op].outputs]) clear.values.add(it);
    };
    const [, op, i] = partOf(element).split("-").map(Number);
    if (element.matches(".value")) {
      const flows = (it) => it.inside.includes(op) || it.uses.some(([id, flowed]) => id === op && flowed);
      clear.back = data.ops.some(flows);
      const { uses, met } = paths(data, op, clear.back);
      for (const use of uses) add(use);
      for (const id of met) clear.values.add(id);
      return [clear, data.values[op]];
    }
    if (element.matches(".branch")) {
      clear.values.add(data.branches[op][0]);
      return [clear, [data.branches[op][1]]];
    }
    if (element.matches(".operation")) {
      for (const position of data.ops[op].uses.keys()) add([op, position]);
      for (const it of data.ops[op].outputs) clear.values.add(it);
      clear.ops.add(op);
      return [clear, data.ops[op].says];
    }
    const use = useOf(element).split("-").map(Number);
    add(use);
    return [clear, ["", data.ops[op].uses[use[1]][2]]];
  };

  let here = null;
  let leaving = 0;
  const show = (element) => {
    clearTimeout(leaving);
    if (element === here) return;
    here = element;
    const [clear, says] = element ? answer(element) : [null, []];
    const copies = new Set(); // of a value that is drawn several times: those whose arrow is clear
    const keeps = (part) => {
      const [kind, op, i, again] = name(part).split("-");
      if (!clear || part === element) return true;
      if (kind === "value") return clear.values.has(+op) && (again === undefined || copies.has(name(part)));
      if (kind === "branch") return clear.values.has(data.branches[op][0]);
      if (kind === "operation" || kind === "result") {
        return clear.ops.has(+op) || data.ops[op].outputs.some((it) => clear.values.has(it));
      }
      const kept = clear.uses.has(`${op}-${i}`) && (clear.back || kind !== "backward");
      if (kept) copies.add(part.dataset.from);
      return kept;
    };
    const boxes = (part) => part.matches(".value") && name(part).includes("again");
    for (const part of [...parts].sort((a, b) => boxes(a) - boxes(b))) {
      part.classList.toggle("off", !keeps(part));
    }
    const use = element?.matches(".factor,.backward") && useOf(element);
    for (const factor of factors) factor.classList.toggle("on", useOf(factor) === use);
    const text = told(element && partOf(element), says);
    if (element?.hasAttribute("aria-label") && text) element.setAttribute("aria-label", text);
  };

  svg.setAttribute("role", "group");
  for (const part of svg.querySelectorAll(".value,.operation")) {
    part.setAttribute("tabindex", "0");
    part.setAttribute("role", chosen && part.matches(".value") ? "button" : "img");
    // A film does not tell ahead.
    const label = answer(part)[1][0];
    part.setAttribute("aria-label", chosen ? label.split(/[:=]/)[0].trim() : label);
  }
  const soon = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => show(null), 80); // or all would flash between two parts
  };
  svg.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return; // which may only scroll: a tap is a click
    if (find(event.target)) show(find(event.target));
    else soon();
  });
  svg.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && soon());
  svg.addEventListener("focusin", (event) => find(event.target) && show(find(event.target)));
  svg.addEventListener("focusout", soon);
  svg.addEventListener("click", (event) => {
    const element = find(event.target) ?? null;
    show(element);
    if (element?.matches(".value") && chosen) chosen(partOf(element));
  });
  svg.addEventListener("keydown", (event) => {
    const picks = here?.matches(".value") && chosen && [" ", "Enter"].includes(event.key);
    if (event.key === "Escape") show(null);
    if (!picks) return;
    chosen(partOf(here));
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("click", (event) => !svg.contains(event.target) && show(null));
  return () => show(null);
};
