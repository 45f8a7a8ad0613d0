// A picture on its own that answers: it takes the place of the `<img>` beside this script.
const root = document.currentScript.parentElement;
const data = root.querySelector('script[type="application/json"]');
const image = root.querySelector("img");
if (data && image) {
  const known = JSON.parse(data.textContent);
  const hint = "Point at a value, an operation or an arrow.";
  const says = make("p", { class: "tells" }, hint);
  const svg = inline(image);
  image.replaceWith(svg);
  data.remove();
  root.prepend(make("style", {}, known.css));
  root.append(says);
  point(svg, known, (_, said) => {
    const text = said.filter(Boolean).join("\n");
    says.textContent = text || hint;
    says.classList.toggle("answers", Boolean(text));
    return text;
  });
}
