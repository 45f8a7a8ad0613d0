// A picture on its own that answers: it takes the place of the `<img>` beside this script.
const root = document.currentScript.parentElement;
const data = root.querySelector('script[type="application/json"]');
const image = root.querySelector("img");
if (data && image) {
  const known = JSON.parse(data.textContent);
  const hint = `Point at a value, an operation, an arrow or a factor, or tap it. ${known.hint ?? ""}`;
  const says = make("p", { class: "tells" }, make("span", {}, hint));
  const picture = inline(image);
  image.replaceWith(picture);
  data.remove();
  root.prepend(make("style", {}, known.css));
  root.append(says);
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab's own keys, while a part has the focus
  const join = (said) => said.filter(Boolean).join("\n");
  const rests = new Map(); // of each picture, what points at nothing
  const shown = (svg, graph) => {
    const texts = [...Object.values(graph.values), ...graph.ops.map((op) => op.says)].map(join);
    const end = roomy(says, [hint, ...texts]);
    const rest = rests.get(svg) ?? point(svg, graph, (part, said) => answer(svg, part, join(said)));
    rests.set(svg, rest);
    return () => {
      rest();
      end();
    };
  };
  if (typeof unfold === "undefined") shown(picture, known);
  else unfold(picture, known, shown); // `unfold.js` is there for a folded network
  function answer(svg, part, text) {
    tell(says, text || hint);
    says.classList.toggle("answers", Boolean(text));
    // Of a tall picture the foot may be out of sight: then it answers beside what is pointed at.
    says.classList.remove("near");
    const at = part && svg.querySelector(`[data-part='${part}']`)?.getBoundingClientRect();
    if (!at || !text || says.getBoundingClientRect().bottom <= window.innerHeight) return text;
    says.classList.add("near");
    says.style.top = `${at.bottom - root.getBoundingClientRect().top + 6}px`;
    return text;
  }
}
