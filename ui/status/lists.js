// Devices, alerts and the journal.
import { byId, element, mark, setText } from './dom.js';
import { goToTag } from './tags.js';
import { plantTime } from './time.js';

/** Lines that stay on the page; the run's folder has all. */
const SHOWN = 200;
/** Spoken at most this often, however many alerts come. */
const SPEAK_EVERY_MS = 5000;

/** Numbers of the last alert and journal line that the page has: what it asks for after these when it joins again. */
export const last = { alert: 0, journal: 0 };

export function showDevices(devices) {
  byId('devices').replaceChildren(...devices.map(deviceItem));
}

function deviceItem(device) {
  const item = element('li');
  item.dataset.device = device.id;
  const about = element('span', `${device.kind} in ${device.zone}, ${device.address}`, 'quiet');
  about.title = `MAC address ${device.mac}`;
  item.append(element('b', device.name), ' ', about);
  const gates = element('span', '', 'gates');
  for (const { service, host, port } of device.gates)
    gates.append(element('span', service, 'quiet'), ' ', element('code', `${host}:${port}`), ' ');
  if (device.gates.length > 0) item.append(gates);
  return item;
}

export function addAlert(alert) {
  if (alert.number <= last.alert) return;
  const missed = alert.number - last.alert - 1;
  if (missed > 0) add('alerts', element('li', `${missed} earlier alerts are in the run's folder only.`, 'quiet'));
  last.alert = alert.number;
  byId('no-alerts').hidden = true;
  byId('alerts').hidden = false;
  setText(byId('alert-count'), String(alert.number));
  add('alerts', alertItem(alert));
  speak(alert);
}

export function repeatAlert({ number, count }) {
  const node = byId('alerts').querySelector(`[data-number="${number}"] .times`);
  if (node) setText(node, times(count));
}

const times = (count) => (count > 1 ? `×${count}` : '');

function alertItem(alert) {
  const item = element('li');
  item.dataset.number = alert.number;
  item.dataset.rule = alert.rule;
  item.dataset.severity = alert.severity;
  const top = element('p', '', 'top');
  const severity = element('span', alert.severity, 'severity');
  severity.prepend(mark(alert.severity));
  top.append(
    severity,
    element('time', plantTime(alert.time)),
    element('b', alert.title),
    element('span', times(alert.count), 'times'),
  );
  const parties = element('p', '', 'parties');
  for (const technique of alert.techniques) parties.append(element('span', technique, 'technique'));
  if (alert.device) parties.append(element('span', alert.device));
  if (alert.tag) {
    const tag = element('button', alert.tag);
    tag.type = 'button';
    tag.title = 'Show this tag';
    tag.addEventListener('click', () => goToTag(alert.tag));
    parties.append(tag);
  }
  item.append(top, element('p', alert.message), element('p', alert.why, 'quiet'), parties);
  return item;
}

export function addJournal(line) {
  if (line.number <= last.journal) return;
  last.journal = line.number;
  byId('no-journal').hidden = true;
  const item = element('li');
  item.dataset.kind = line.kind;
  item.append(element('time', plantTime(line.time)), ` ${line.text}`);
  add('journal', item);
}

function add(list, item) {
  const node = byId(list);
  node.prepend(item);
  while (node.children.length > SHOWN) node.lastElementChild.remove();
}

const unspoken = [];
let speaksNextAt = 0;

/** The first of several alerts at once speaks for all of them. */
function speak(alert) {
  unspoken.push(alert);
  if (unspoken.length > 1) return;
  const now = performance.now();
  setTimeout(speakNow, Math.max(100, speaksNextAt - now));
}

function speakNow() {
  speaksNextAt = performance.now() + SPEAK_EVERY_MS;
  const newest = unspoken.at(-1);
  const others = unspoken.length > 1 ? ` and ${unspoken.length - 1} more` : '';
  setText(byId('announcer'), `Alert, ${newest.severity}: ${newest.title}${others}`);
  unspoken.length = 0;
}
