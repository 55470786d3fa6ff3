// Tags by area: displayed, measured and true value, a bar with the normal band, and in words and shape what is beyond its limits.
import { byId, element, mark, setText, shape } from './dom.js';

let rows = [];
let areas = [];
const only = byId('only-beyond');
const find = byId('find');

export function showTags(frame) {
  const folded = new Set(areas.filter((area) => !area.details.open).map((area) => area.id));
  rows = frame.tags.map(tagRow);
  areas = frame.areas.map(({ id, name }) => {
    const own = rows.filter((row) => row.tag.area === id);
    const details = element('details');
    details.open = !folded.has(id);
    const summary = element('summary', name);
    const count = element('span', '', 'count');
    summary.append(' ', count);
    details.append(summary, table(name, own));
    return { id, details, count, rows: own };
  });
  byId('areas').replaceChildren(...areas.map((area) => area.details));
}

export function showValues(values) {
  const stale = new Set(values.stale);
  rows.forEach((row, i) => {
    const displayed = values.displayed[i];
    for (const [column, value] of [displayed, values.measured[i], values.true[i]].entries())
      setText(row.numbers[column], format(row.tag, value ?? null));
    moveMarker(row, displayed);
    const isStale = stale.has(i);
    if (row.stale !== isStale) {
      row.stale = isStale;
      row.node.classList.toggle('stale', isStale);
    }
    showState(row, displayed, isStale);
  });
  showCounts();
}

/** Brings a tag's row into view and puts the focus there. */
export function goToTag(id) {
  const row = rows.find(({ tag }) => tag.id === id);
  if (!row) return;
  find.value = '';
  only.checked = false;
  filter();
  row.node.closest('details').open = true;
  row.node.scrollIntoView({ block: 'center' });
  row.node.focus();
}

function table(name, own) {
  const made = element('table');
  const head = element('tr');
  for (const [text, className] of [
    ['Tag', 'tag'],
    ['Displayed', 'value'],
    ['', 'bar'],
    ['Measured', 'value'],
    ['True', 'value'],
    ['State', 'state'],
  ]) {
    const cell = element('th', text, className);
    cell.scope = 'col';
    if (text === '') cell.ariaLabel = 'Displayed value in the range of the tag';
    head.append(cell);
  }
  const top = element('thead');
  top.append(head);
  const body = element('tbody');
  body.append(...own.map((row) => row.node));
  made.append(element('caption', name, 'unseen'), top, body);
  return made;
}

function tagRow(tag) {
  const node = element('tr');
  node.dataset.tag = tag.id;
  node.tabIndex = -1;
  if (tag.alarms) node.dataset.priority = tag.alarms.priority;
  const title = element('th', '', 'tag');
  title.scope = 'row';
  title.append(element('b', shown(tag.id)), ' ', element('span', tag.name, 'name'));
  const cells = ['displayed', 'measured', 'true'].map((source) => {
    const cell = element('td', '', 'value');
    cell.dataset.source = source;
    cell.append(element('span'));
    if (tag.unit) cell.append(element('small', ` ${tag.unit}`));
    return cell;
  });
  const state = element('td', '', 'state');
  const bar = element('td', '', 'bar');
  const marker = tag.states ? undefined : drawBar(tag, bar);
  node.append(title, cells[0], bar, cells[1], cells[2], state);
  return { tag, node, numbers: cells.map((cell) => cell.firstChild), marker, state, beyond: '', stale: false };
}

/** LIT101 is shown as LIT-101, as ISA-5.1 writes it. */
const shown = (id) => id.replace(/^([A-Z]+)(\d)/, '$1-$2');

const WIDTH = 100;

function drawBar(tag, cell) {
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} 12`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  const { low, high } = tag.alarms ?? {};
  const from = place(tag, low ?? tag.range[0]);
  const band = { x: from, y: 3, width: place(tag, high ?? tag.range[1]) - from, height: 6, class: 'band' };
  const marker = shape('rect', { x: 0, y: 0, width: 2, height: 12, class: 'marker' });
  svg.append(shape('rect', { x: 0, y: 3, width: WIDTH, height: 6, class: 'track' }), shape('rect', band), marker);
  cell.append(svg);
  return marker;
}

function place({ range: [low, high] }, value) {
  return Math.round(Math.min(1, Math.max(0, (value - low) / (high - low))) * WIDTH * 10) / 10;
}

function moveMarker({ tag, marker }, value) {
  if (!marker) return;
  const x = value === null ? '-10' : String(Math.min(WIDTH - 2, Math.max(0, place(tag, value) - 1)));
  if (marker.getAttribute('x') !== x) marker.setAttribute('x', x);
}

/** Which limit the displayed value is beyond, in a word; empty within. */
function beyondOf({ alarms, states }, value) {
  if (!alarms || value === null) return '';
  if (alarms.state !== null) return value >= 0.5 === alarms.state ? states?.[alarms.state ? 1 : 0] || 'alarm' : '';
  if (alarms.highHigh !== null && value > alarms.highHigh) return 'high high';
  if (alarms.high !== null && value > alarms.high) return 'high';
  if (alarms.lowLow !== null && value < alarms.lowLow) return 'low low';
  if (alarms.low !== null && value < alarms.low) return 'low';
  return '';
}

function showState(row, value, stale) {
  row.beyond = beyondOf(row.tag, value);
  const text = [row.beyond, stale ? 'old' : ''].filter(Boolean).join(', ');
  if (row.state.textContent === text) return;
  row.state.replaceChildren(...(row.beyond ? [mark(row.tag.alarms.priority)] : []), text);
  row.node.classList.toggle('beyond', row.beyond !== '');
  if (only.checked) filter();
}

function showCounts() {
  const beyond = (list) => list.filter((row) => row.beyond !== '').length;
  for (const area of areas) {
    const n = beyond(area.rows);
    setText(area.count, n === 0 ? '' : `${n} beyond limits`);
  }
  const all = beyond(rows);
  setText(byId('beyond'), all === 0 ? 'all within their alarm limits' : `${all} beyond their alarm limits`);
}

function filter() {
  const wanted = find.value.trim().toLowerCase().replaceAll('-', '');
  for (const area of areas) {
    for (const { node, tag, beyond } of area.rows) {
      const text = `${tag.id} ${tag.name}`.toLowerCase().replaceAll('-', '');
      node.hidden = !text.includes(wanted) || (only.checked && beyond === '');
    }
    area.details.hidden = area.rows.every(({ node }) => node.hidden);
  }
}

function format({ states, range }, value) {
  if (value === null) return '–';
  if (states) return states[value >= 0.5 ? 1 : 0];
  const span = range[1] - range[0];
  return value.toFixed(span >= 1000 ? 0 : span >= 50 ? 1 : span >= 2 ? 2 : 3);
}

find.addEventListener('input', filter);
only.addEventListener('change', filter);
