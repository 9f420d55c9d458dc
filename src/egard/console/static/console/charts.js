// What charts have in common: the colour of a token.
(() => {
  "use strict";

  // A token may be a word of CSS (light-dark): only an element that wears it tells the colour.
  const colour = (node, name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    node.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  window.Egard = { ...window.Egard, colour };
})();
