// The parts of a page, and a picture as one of them. Other files follow in the same script.
// oxlint-disable no-unused-vars -- of this file, which is the first part of a script
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const binary = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

// SVG becomes part of the page, so that its parts can be shown and pointed at. Ids become data: a
// page may show the same picture twice.
const inline = (image) => {
  const [kind, bytes] = image.src.split(";base64,");
  if (!kind.includes("svg")) return image;
  return inlined(new TextDecoder().decode(binary(bytes)), image.style.cssText, image.alt);
};
const inlined = (text, style, words) => {
  const svg = document.importNode(
    new DOMParser().parseFromString(text, "image/svg+xml").documentElement,
    true,
  );
  svg.style.cssText = style;
  svg.setAttribute("tabindex", "-1");
  svg.setAttribute("aria-label", words);
  for (const part of svg.querySelectorAll("[id]")) {
    part.dataset.part = part.id;
    part.removeAttribute("id");
  }
  // An arrow is thin, and so is the bar of a fraction: what can be hit is wider.
  for (const line of svg.querySelectorAll(".backward > .line:first-child,.factor > path")) {
    const wide = line.cloneNode();
    wide.setAttribute("class", "hit");
    line.before(wide);
  }
  return svg;
};
