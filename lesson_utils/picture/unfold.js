// A folded module opens in its place, and folds again: one picture takes the place of another.
//
// Each picture but the first is packed, and made when it is first asked for. A step that opens is
// a button with a plus, the heading of an opened module one with a minus.
// oxlint-disable no-unused-vars -- of this file, which is a part of a script; `picture.js` follows

const unpack = async (packed) => {
  const stream = new Blob([binary(packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
};

const within = (svg, part) => svg.querySelector(`[data-part='${part}']`);

// The plus on the corner of a box; its paper is in the way of what is behind it.
const plus = (box, size) => {
  const at = (name) => Number(box.getAttribute(name));
  const sign = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const half = size / 2;
  sign.setAttribute("class", "plus");
  sign.setAttribute(
    "d",
    `M${at("x") + at("width") - half} ${at("y") - half}h${size}v${size}h-${size}z` +
      `m3 ${half}h${size - 6}m${3 - half} ${3 - half}v${size - 6}`,
  );
  return sign;
};

// Let the modules of the first picture open. `shown(svg, graph)` is told of each picture that is
// put into its place, and gives a function that ends that.
const unfold = (first, known, shown) => {
  const { pictures = [], ways } = known;
  const states = [{ svg: first, graph: known }];
  let now = 0;
  let leave = shown(first, known);
  if (!pictures.length || !("DecompressionStream" in window)) return;

  const load = async (number) => {
    if (!states[number]) {
      const graph = await unpack(pictures[number - 1]);
      states[number] ??= { svg: inlined(graph.svg, graph.style, graph.words), graph };
    }
    return states[number];
  };

  const go = async (number) => {
    const [from, to] = [states[now], await load(number)];
    if (number === now || from !== states[now]) return; // somebody was quicker
    const before = ways[now].chain;
    leave();
    from.svg.replaceWith(to.svg);
    leave = shown(to.svg, to.graph);
    now = number;
    prepare(to.svg, number);
    // To the heading of what was opened, or back to the step that it was.
    const child = before[before.indexOf(number) + 1];
    const step = Object.entries(ways[number].opens).find(([, it]) => it === child);
    const part = before.includes(number) && step ? `operation-${step[0]}` : `fold-${innermost(number)}`;
    const target = within(to.svg, part);
    target?.focus({ preventScroll: true });
    target?.scrollIntoView({ block: "nearest" });
  };
  const innermost = (number) => Object.keys(ways[number].folds).at(-1);

  const prepared = new Set();
  const prepare = (svg, number) => {
    if (prepared.has(number)) return;
    prepared.add(number);
    const { opens, folds, chain } = ways[number];
    const leads = new Map();
    const button = (part, to, expanded) => {
      part.setAttribute("role", "button");
      part.setAttribute("tabindex", "0");
      part.setAttribute("aria-expanded", expanded);
      leads.set(part, to);
    };
    for (const [op, to] of Object.entries(opens)) {
      const part = within(svg, `operation-${op}`);
      const made = states[number].graph.ops[op].outputs;
      const value = made.length === 1 ? within(svg, `value-${made[0]}`) : null;
      const sign = plus((value ?? part).querySelector("rect"), 13);
      part.after(sign);
      button(part, to, false);
      for (const it of [part, sign, value].filter(Boolean)) {
        it.classList.add("opens");
        leads.set(it, to);
      }
    }
    for (const [frame, to] of Object.entries(folds)) {
      // A module that is cut into parts has a heading in each.
      for (const part of svg.querySelectorAll(`[data-part='fold-${frame}']`)) {
        part.setAttribute("aria-label", `Fold ${part.textContent}`);
        button(part, to, true);
      }
    }
    svg.addEventListener("click", (event) => {
      const part = event.target.closest(".opens,g.fold");
      // A finger has no other way to ask for a value.
      if (part?.matches(".value") && event.pointerType === "touch") return;
      if (leads.has(part)) go(leads.get(part));
    });
    svg.addEventListener("keydown", (event) => {
      const part = event.target.closest(".opens,g.fold");
      let to = [" ", "Enter"].includes(event.key) ? leads.get(part) : undefined;
      if (event.key === "Escape") to = chain.at(-2);
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      go(to);
    });
  };
  prepare(first, 0);
};
