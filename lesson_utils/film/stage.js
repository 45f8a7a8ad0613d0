// What a film needs of the page around it.
// oxlint-disable no-unused-vars -- of this file, which is a part of a script; `film.js` follows

// Scroll a box so that one of its parts is in sight.
const reach = (box, part) => {
  const [a, b] = [box.getBoundingClientRect(), part.getBoundingClientRect()];
  if (b.top < a.top || b.bottom > a.bottom) box.scrollTop += b.top - a.top - a.height / 3;
  if (b.left < a.left || b.right > a.right) box.scrollLeft += b.left - a.left - a.width / 3;
};

// A finger that goes across, where that does not scroll.
const swipes = (view, step) => {
  let touched = null;
  const start = (event) => (touched = event.touches.length > 1 ? null : event.changedTouches[0]);
  view.addEventListener("touchstart", start, { passive: true });
  view.addEventListener("touchend", (event) => {
    if (!touched || event.touches.length) return; // two fingers zoom
    const { clientX, clientY } = event.changedTouches[0];
    const [x, y] = [clientX - touched.clientX, clientY - touched.clientY];
    const scrolls = view.scrollWidth > view.clientWidth;
    if (!scrolls && Math.abs(x) > 40 && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  });
};
