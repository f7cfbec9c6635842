// Keeps the page as the server shows it. Without this script the page reloads itself.
const shown = document.getElementById("checkout");
const loaded = Date.now();
let left = Number(document.getElementById("left")?.dataset.left);

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("checkout");
  if (fresh && fresh.dataset.stage !== shown.dataset.stage) {
    for (const id of ["status", "advice"]) {
      document.getElementById(id).textContent = page.getElementById(id).textContent;
    }
    document.getElementById("payment").replaceWith(page.getElementById("payment"));
    Object.assign(shown.dataset, fresh.dataset);
  }
}

function tick() {
  const timer = document.getElementById("left");
  const seconds = Math.max(0, left - Math.round((Date.now() - loaded) / 1000));
  if (timer) timer.textContent = ` (${Math.floor(seconds / 60)} min ${seconds % 60} s left)`;
}

const clock = setInterval(tick, 1000);
const poll = setInterval(() => {
  if (shown.dataset.final === "true") return [clock, poll].forEach(clearInterval);
  refresh().catch(() => {}); // offline: the next turn tries again
}, 3000);
