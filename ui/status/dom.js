// Small makers of page parts. Text always goes in as text: what devices and attackers write is never markup.

export const byId = (id) => document.getElementById(id);

export function element(name, text = '', className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Changes text only where it differs, so that nothing is laid out again for a value that stands. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A mark whose shape tells the level as its colour does. */
export function mark(level) {
  const made = element('span', '', 'mark');
  made.dataset.level = level;
  made.setAttribute('aria-hidden', 'true');
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';
export function shape(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
