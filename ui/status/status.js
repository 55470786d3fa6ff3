// The plain live status page: devices, addresses, tags, alerts. The token travels in the address's fragment, which no server log sees.
import { io } from '/socket.io/socket.io.esm.min.js';

const byId = (id) => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? sessionStorage.getItem('token') ?? '';
if (token) sessionStorage.setItem('token', token);

let tags = [];
let cells = [];
let lastAlert = 0;
let lastJournal = 0;

const socket = io({ auth: { token }, transports: ['websocket'] });

socket.on('connect', () => socket.emit('join', { lastAlert, lastJournal }));
socket.on('disconnect', () => connection('lost', 'The range does not answer. Values are old; trying again…'));
socket.on('connect_error', (error) =>
  connection(
    'lost',
    error.message === 'unauthorised'
      ? 'This page needs the token that the range printed at its start: open the printed address.'
      : 'The range does not answer; trying again…',
  ),
);

socket.on('keyframe', (frame) => {
  byId('plant').textContent = frame.plant.name;
  byId('summary').textContent = frame.plant.summary;
  document.title = `${frame.plant.name} – Penstock`;
  connection('live', `Run ${frame.run}, seed ${frame.seed}, ×${frame.rate}`);
  tags = frame.tags;
  byId('tags').replaceChildren(...tags.map(tagRow));
  cells = [...byId('tags').rows].map((row) => [...row.querySelectorAll('td.value')]);
  byId('devices').replaceChildren(...frame.devices.map(deviceRow));
  frame.alerts.forEach(addAlert);
  frame.journal.forEach(addJournal);
  showValues(frame.values);
});
socket.on('values', showValues);
socket.on('alert', addAlert);
socket.on('journal', addJournal);

function connection(state, text) {
  byId('connection').dataset.state = state;
  byId('connection').textContent = text;
  document.body.dataset.stale = String(state === 'lost');
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function tagRow(tag) {
  const row = document.createElement('tr');
  row.dataset.tag = tag.id;
  row.append(
    element('td', tag.id),
    element('td', tag.name),
    element('td', '', 'value'),
    element('td', '', 'value'),
    element('td', '', 'value'),
    element('td', tag.unit, 'unit'),
  );
  return row;
}

function deviceRow(device) {
  const row = document.createElement('tr');
  row.dataset.device = device.id;
  const gates = device.gates.map((g) => `${g.service} ${g.host}:${g.port}`).join(', ');
  row.append(
    element('td', device.name),
    element('td', device.kind),
    element('td', device.zone),
    element('td', device.address),
    element('td', gates || '–'),
  );
  return row;
}

function format(tag, value) {
  if (value === null || value === undefined) return '–';
  if (tag.states) return tag.states[value >= 0.5 ? 1 : 0];
  const span = tag.range[1] - tag.range[0];
  return value.toFixed(span >= 1000 ? 0 : span >= 50 ? 1 : span >= 2 ? 2 : 3);
}

function showValues(values) {
  tags.forEach((tag, i) => {
    for (const [column, source] of [values.displayed, values.measured, values.true].entries()) {
      const text = format(tag, source[i]);
      const cell = cells[i][column];
      if (cell.textContent !== text) cell.textContent = text;
    }
  });
}

const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

function addAlert(alert) {
  if (alert.number <= lastAlert) return;
  lastAlert = alert.number;
  byId('no-alerts').hidden = true;
  const item = document.createElement('li');
  item.dataset.rule = alert.rule;
  const severity = element('span', alert.severity, 'severity');
  severity.dataset.severity = alert.severity;
  item.append(
    severity,
    ` ${clock(alert.time)} `,
    element('strong', alert.title),
    ` ${alert.message} `,
    element('span', alert.why, 'why'),
  );
  byId('alerts').prepend(item);
}

function addJournal(line) {
  if (line.number <= lastJournal) return;
  lastJournal = line.number;
  byId('journal').prepend(element('li', `${clock(line.time)} ${line.text}`));
}
