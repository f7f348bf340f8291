// Shows a text while it is written. Without this file the page renews itself until the text is there.
const texts = document.getElementById("texts");
const variants = new Map();
const write = (variant, text, begins) => {
  if (!variants.has(variant)) {
    const card = document.createElement("div");
    card.className = "card text";
    variants.set(variant, texts.appendChild(card));
  }
  const card = variants.get(variant);
  card.textContent = begins ? text : card.textContent + text;
};
const events = new EventSource(texts.dataset.events);
const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
on("started", () => { variants.clear(); texts.replaceChildren(); });
on("text", ({ variant, offset, text }) => write(variant, text, offset === 0));
on("replaced", ({ variant, text }) => write(variant, text, true));
on("done", () => { events.close(); location.reload(); });
// Refused for good, as after signing out: the page itself says why.
events.onerror = () => { if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000); };
