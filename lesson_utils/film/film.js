// A film: one picture (or several pages) whose parts come and go, step by step.
//
// The script is beside the still picture and its sentences, and replaces them. What it shows is
// marked with classes: `f7` from step 7 on, `u7` until step 7, `d7` faint before step 7, `n7`
// stressed in step 7. It needs nothing from outside, and no two films share anything.
(() => {
  const root = document.currentScript.parentElement;
  const data = root.querySelector('script[type="application/json"]');
  if (!data) return; // it plays already
  const { frames, turn, name, css, code, graph } = JSON.parse(data.textContent);
  const last = frames.length - 1;
  for (const [i, told] of root.querySelectorAll("details > ol > li").entries()) frames[i].says = told.textContent;

  const says = make("p", { class: "says", role: "status", "aria-live": "polite" });
  const tells = make("p", { class: "tells", "aria-hidden": "true" }); // in its place, while pointing
  says.id = `film-${Math.random().toString(36).slice(2)}`;
  const view = make("div", { class: "window", tabindex: "-1" });
  for (const [step, { page, says: alt }] of frames.entries()) {
    if (page) view.append(make("img", { src: page, alt, class: `f${step} u${step + 1}` }));
  }
  for (const image of root.querySelectorAll("img")) {
    const picture = inline(image);
    picture.removeAttribute("aria-label");
    picture.setAttribute("aria-labelledby", says.id);
    view.append(picture);
  }

  const button = (label, sign, press) => {
    const it = make("button", { type: "button", "aria-label": label, title: label }, sign);
    it.addEventListener("click", press);
    return it;
  };
  const start = button("Back to the start", "❘◀︎", () => go(0));
  const previous = button("Previous step", "‹", () => go(at - 1));
  const player = button("Play", "▶︎ Play", () => (timer ? pause() : last && play()));
  const next = button("Next step", "›", () => go(at + 1));
  const slider = make("input", { type: "range", min: 0, max: last, value: 0, "aria-label": name });
  const speed = make("select", { "aria-label": "Speed", title: "Speed" });
  for (const times of [0.5, 1, 2, 4]) speed.append(make("option", { value: times }, `${times}×`));
  speed.value = "1";
  const line = make("div", { class: "line" }, slider);
  if (turn) {
    const forwards = make("span", { style: `flex:${turn}` }, "forward");
    const backwards = make("span", { style: `flex:${last + 1 - turn}` }, "backward");
    line.append(make("div", { class: "halves", "aria-hidden": "true" }, forwards, backwards));
  }
  const bar = make("div", { class: "bar" }, start, previous, player, next, line, speed);

  // Code is beside the picture where both can be read, else above it.
  view.style.flexBasis = view.firstChild?.style?.minWidth || "auto";

  // The student's own lines, where they are known.
  const lines = new Map();
  const listing = make("div", { class: "code", role: "group", "aria-label": "The code" });
  for (const [source, number, text] of code) {
    const row = make("div", {}, make("span", {}, `${number}`), text);
    lines.set(`${source}:${number}`, row);
    listing.append(row);
  }
  // A badge says which pass of a loop a line is in; its room is kept.
  for (const [key, pass] of frames.flatMap((frame) => Object.entries(frame.lines))) {
    if (pass && lines.has(key)) lines.get(key).dataset.pass = pass;
  }
  const scene = make("div", { class: "scene" }, view);
  if (code.length) scene.prepend(listing);
  const hint = "Keys: ← → Home End Space. Point at the picture; pick a value to go to its gradient.";
  const foot = make("p", { class: "hint" }, graph ? hint : "Keys: ← → Home End Space.");
  // On paper all sentences are there, and the finished picture.
  const steps = make("div", { class: "steps" }, ...root.querySelectorAll("details > ol"));

  const words = make("div", { class: "told" }, says, tells);
  root.replaceChildren(make("style", {}, css), bar, words, scene, foot, steps);
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Film");
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab's own keys, while the film has the focus

  // When each marked part shows.
  const parts = [];
  for (const element of view.querySelectorAll("[class]")) {
    const of = (letter) =>
      [...element.classList].filter((c) => c[0] === letter && /^.\d+$/.test(c)).map((c) => +c.slice(1));
    const part = {
      element,
      from: Math.max(0, ...of("f")),
      until: Math.min(Infinity, ...of("u")),
      faint: Math.max(0, ...of("d")),
      now: new Set(of("n")),
    };
    element.removeAttribute("visibility");
    element.classList.toggle("brief", part.until < Infinity);
    if (part.from || part.until < Infinity || part.faint || part.now.size) parts.push(part);
  }

  let at = 0;
  let timer = 0;
  let leave = () => {};
  const show = (step) => {
    at = step;
    leave(); // what was pointed at: the step has the word
    const here = [];
    for (const { element, from, until, faint, now } of parts) {
      element.classList.toggle("hid", step < from || step >= until);
      element.classList.toggle("dim", step < faint);
      element.classList.toggle("now", now.has(step));
      if (now.has(step) && element.matches(".operation,.branch,.value,.backward")) here.push(element);
    }
    says.textContent = frames[step].says;
    slider.value = step;
    slider.setAttribute("aria-valuetext", `${step} of ${last}`);
    for (const it of [start, previous]) it.setAttribute("aria-disabled", step === 0);
    next.setAttribute("aria-disabled", step === last);
    for (const row of lines.values()) row.classList.remove("runs", "back", "again");
    for (const [key, pass] of Object.entries(frames[step].lines)) {
      const row = lines.get(key);
      if (!row) continue;
      row.classList.add(turn && step >= turn ? "back" : "runs");
      if (pass) row.dataset.pass = pass;
      row.classList.toggle("again", Boolean(pass));
      reach(listing, row);
    }
    if (here.length) reach(view, ...here);
    else view.scrollTo(0, step === last ? view.scrollTop : 0);
  };
  const call = (sign, label) => {
    player.textContent = `${sign} ${label}`;
    player.title = label;
    player.setAttribute("aria-label", label);
  };
  const pause = () => {
    clearTimeout(timer);
    timer = 0;
    call("▶︎", "Play");
  };
  const go = (step) => {
    pause();
    show(Math.min(last, Math.max(0, step)));
  };
  const wait = () => {
    const letters = frames[at].says.length; // time to read them
    timer = setTimeout(() => {
      show(at + 1);
      if (at < last) wait();
      else pause();
    }, (frames[at].pause ?? 900 + 45 * letters) / speed.value);
  };
  const play = () => {
    if (at === last) show(0);
    call("❚❚", "Pause");
    wait();
  };

  // A part tells only what the film has shown. Choosing a value goes to where its gradient is known.
  if (graph) {
    const texts = [...Object.values(graph.values), ...graph.ops.map((op) => op.says)];
    roomy(
      tells,
      texts.map((said) => said.join("\n")),
    );
    leave = point(
      view.querySelector("svg"),
      graph,
      (part, said) => {
        const [kind, id] = part?.split("-") ?? [];
        const known = said.filter((text, i) => text && at >= (graph.when[part]?.[i] ?? last));
        tell(tells, known.join("\n"));
        root.classList.toggle("pointing", known.length > 0);
        const op = kind === "value" ? graph.ops.findIndex((it) => it.outputs.includes(+id)) : id;
        for (const [key, row] of lines) row.classList.toggle("meant", key === graph.lines[op]);
        return known.join("\n");
      },
      (part) => go(graph.when[part].findLast((step) => step !== null)),
    );
  }

  slider.addEventListener("input", () => go(+slider.value));
  const keys = { ArrowRight: 1, ArrowLeft: -1, Home: -last, End: last };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target === speed) return;
    if (event.key === " " && event.target.tagName !== "BUTTON") {
      player.click();
    } else if (keys[event.key]) {
      go(at + keys[event.key]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  for (const place of [view, listing, says]) swipes(place, (way) => go(at + way));
  roomy(
    says,
    frames.map((frame) => frame.says),
  );
  show(0);
})();
