// The search. Without it the page is the same, with all of its rows. What is looked for stands behind the address, as
// in report.html#q=ann&outcome=failed, so that it can be kept and sent.
"use strict";
(() => {
  const form = document.querySelector("form.search");
  const told = form.querySelector("output");
  const bodies = [...document.querySelectorAll("table.rows tbody")];
  const rows = bodies.map((body) => [...body.querySelectorAll("tr[data-o]")]);
  const number = rows.reduce((sum, some) => sum + some.length, 0);
  let texts = null; // made when somebody searches

  const plain = (text) => text.normalize("NFC").toLowerCase();

  const filter = () => {
    const words = plain(form.q.value).split(/\s+/).filter(Boolean);
    const outcome = form.outcome.value;
    if (words.length && !texts) {
      texts = bodies.map((body, i) => {
        const kind = body.querySelector("tr.kind");
        const title = kind ? kind.textContent + " " : "";
        return rows[i].map((row) => plain(title + [...row.cells].map((cell) => cell.textContent).join(" ")));
      });
    }
    let shown = 0;
    bodies.forEach((body, i) => {
      let here = 0;
      rows[i].forEach((row, j) => {
        const fits = (!outcome || row.dataset.o === outcome) && words.every((word) => texts[i][j].includes(word));
        if (row.hidden === fits) row.hidden = !fits;
        here += fits;
      });
      body.hidden = !here;
      shown += here;
    });
    document.querySelectorAll("table.rows").forEach((table) => {
      table.hidden = [...table.tBodies].every((body) => body.hidden);
    });
    told.textContent = words.length || outcome ? `${shown} of ${number} rows` : `${number} rows`;
  };

  const fromAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    form.q.value = asked.get("q") || "";
    form.outcome.value = asked.get("outcome") || "";
    if (form.outcome.selectedIndex < 0) form.outcome.value = "";
    filter();
  };

  const toAddress = () => {
    const asked = new URLSearchParams();
    for (const name of ["q", "outcome"]) if (form[name].value) asked.set(name, form[name].value);
    try {
      history.replaceState(null, "", `#${asked}`);
    } catch {} // some browsers do not let a local file
  };

  let waiting = 0;
  form.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      filter();
      toAddress();
    });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", fromAddress);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  form.hidden = number === 0;
  fromAddress();
})();
