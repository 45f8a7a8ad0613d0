// What a film needs of the page around it.
// oxlint-disable no-unused-vars -- of this file, which is a part of a script; `film.js` follows

// Scroll a box so that parts of it are in sight: all if there is room, else the first.
const reach = (box, ...parts) => {
  const frame = box.getBoundingClientRect();
  const places = parts.map((part) => part.getBoundingClientRect());
  const way = (low, high, room) => {
    const [a, b] = [Math.min(...places.map((it) => it[low])), Math.max(...places.map((it) => it[high]))];
    if (a >= frame[low] && b <= frame[high]) return 0;
    return b - a > room ? places[0][low] - frame[low] - room / 3 : (a + b - frame[low] - frame[high]) / 2;
  };
  box.scrollBy(way("left", "right", frame.width), way("top", "bottom", frame.height));
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
