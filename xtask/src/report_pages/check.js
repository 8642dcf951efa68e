// Looks for what a reader of the page would stumble over, and writes it into the page: a line each.
(() => {
  const lines = [];
  const problem = (text) => lines.push(`problem: ${text}`);
  const name = (element) => `"${element.textContent.trim()}"`;
  const smallest = 9;
  const slack = 0.5;

  const root = document.documentElement;
  lines.push(`width: ${window.innerWidth}`);
  lines.push(`height: ${root.scrollHeight}`);
  if (root.scrollWidth > window.innerWidth) {
    problem(`the page is ${root.scrollWidth} px wider than the ${window.innerWidth} px of the screen allow`);
  }

  let texts = 0;
  for (const figure of document.querySelectorAll("figure")) {
    const shown = [...figure.querySelectorAll("svg")].filter((svg) => svg.getClientRects().length > 0);
    if (shown.length !== 1) {
      problem(`${shown.length} pictures of ${name(figure.querySelector("h2"))} are shown`);
    }
    for (const svg of shown) {
      const picture = svg.getBoundingClientRect();
      const scale = picture.width / svg.viewBox.baseVal.width;
      const labels = [...svg.querySelectorAll("text")].map((text) => ({
        name: name(text),
        box: text.getBoundingClientRect(),
        size: parseFloat(getComputedStyle(text).fontSize) * scale,
      }));
      texts += labels.length;
      labels.forEach((label, index) => {
        const { box } = label;
        if (
          box.left < picture.left - slack || box.right > picture.right + slack ||
          box.top < picture.top - slack || box.bottom > picture.bottom + slack
        ) {
          problem(`${label.name} is cut off by the edge of its picture`);
        }
        if (label.size < smallest) {
          problem(`${label.name} is too small: ${label.size.toFixed(1)} px`);
        }
        for (const other of labels.slice(index + 1)) {
          const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
          const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
          // Boxes are as high as the font's highest letters and accents: a line's worth may touch.
          if (across > slack && down > label.size * 0.25) {
            problem(`${label.name} overlaps ${other.name}`);
          }
        }
      });
    }
  }
  lines.push(`texts: ${texts}`);

  for (const element of document.querySelectorAll("h1, h2, p, th, td, dt, dd, pre, caption")) {
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) {
      problem(`${name(element)} does not fit into its place`);
    }
  }

  const verdict = document.createElement("pre");
  verdict.id = "verdict";
  verdict.textContent = `\n${lines.join("\n")}\n`;
  document.body.append(verdict);
})();
